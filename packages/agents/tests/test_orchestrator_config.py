"""`PersistenceConfig`: every source gives the same configuration, nothing is dropped, nothing secret is shown."""

from __future__ import annotations

import builtins
import sys

import pytest

from praison_persist.errors import ConfigurationError
from praison_persist_agents.config import PersistenceConfig
from praison_persist_agents.orchestrator import PersistenceOrchestrator

FULL = {
    "conversation_store": "sqlite",
    "conversation_url": "sqlite:///c.db",
    "conversation_options": {"table_prefix": "x_"},
    "knowledge_store": "memory",
    "knowledge_url": None,
    "knowledge_options": {},
    "state_store": "sqlite",
    "state_url": "sqlite:///s.db",
    "state_options": {"timeout": 5.0},
    "session_id": "s",
    "user_id": "u",
    "auto_create_tables": True,
    "lazy_init": True,
}


def test_a_mapping_comes_back_as_it_went_in_with_all_options():
    assert PersistenceConfig.from_dict(FULL).to_dict() == FULL


def test_yaml_keeps_the_options_under_persistence_and_at_the_top(tmp_path):
    yaml = pytest.importorskip("yaml")
    (tmp_path / "top.yaml").write_text(yaml.safe_dump(FULL))
    (tmp_path / "nested.yaml").write_text(yaml.safe_dump({"agents": {"a": 1}, "persistence": FULL}))
    (tmp_path / "empty.yaml").write_text("")
    assert PersistenceConfig.from_yaml(tmp_path / "top.yaml") == PersistenceConfig.from_dict(FULL)
    assert PersistenceConfig.from_yaml(str(tmp_path / "nested.yaml")) == PersistenceConfig.from_dict(FULL)
    assert PersistenceConfig.from_yaml(tmp_path / "empty.yaml") == PersistenceConfig()


def test_yaml_that_cannot_be_read_is_an_error_without_its_content(tmp_path):
    pytest.importorskip("yaml")
    bad = tmp_path / "bad.yaml"
    bad.write_text('state_url: "redis://:hunter2@host\n')
    with pytest.raises(ConfigurationError) as caught:
        PersistenceConfig.from_yaml(bad)
    assert "is not YAML at line" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        PersistenceConfig.from_yaml(tmp_path / "none.yaml")


def test_without_pyyaml_the_error_names_the_pip_command(tmp_path, monkeypatch):
    real = builtins.__import__

    def without_yaml(name, *args):
        if name == "yaml":
            raise ImportError("No module named 'yaml'")
        return real(name, *args)

    monkeypatch.delitem(sys.modules, "yaml", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_yaml)
    with pytest.raises(ConfigurationError, match=r'pip install "praison-persist-agents\[yaml\]"'):
        PersistenceConfig.from_yaml(tmp_path / "x.yaml")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"conversation_ulr": "x"}, "did you mean 'conversation_url'"),
        ({"validate": 1}, "no 'validate'"),
        ({"conversation_options": "x"}, "conversation_options must be a mapping"),
        ({"conversation_url": 5}, "conversation_url must be text or None, not int"),
        ({"state_store": ""}, "state_store must be text or None, not empty"),
        ({"lazy_init": "yes"}, "lazy_init must be true or false"),
    ],
)
def test_wrong_settings_are_errors_that_name_them(data, said):
    with pytest.raises(ConfigurationError, match=said):
        PersistenceConfig.from_dict(data)


def test_a_list_is_no_configuration():
    with pytest.raises(ConfigurationError, match="must be a mapping, not list"):
        PersistenceConfig.from_dict([1])


@pytest.mark.parametrize("prefix", ["PRAISONAI_", "PRAISON_"])
def test_the_environment_is_read_in_both_spellings(prefix):
    environ = {
        f"{prefix}{name.upper()}": value
        for name, value in FULL.items()
        if isinstance(value, str) and not name.endswith("_options")
    }
    config = PersistenceConfig.from_env(environ)
    wanted = {**FULL, "conversation_options": {}, "knowledge_options": {}, "state_options": {}}
    assert config.to_dict() == wanted


def test_the_real_environment_is_the_default(monkeypatch):
    monkeypatch.setenv("PRAISONAI_CONVERSATION_URL", "sqlite:///real.db")
    assert PersistenceConfig.from_env().conversation_url == "sqlite:///real.db"


def test_two_spellings_that_disagree_are_an_error_that_names_both():
    with pytest.raises(ConfigurationError, match="PRAISONAI_STATE_URL and PRAISON_STATE_URL"):
        PersistenceConfig.from_env({"PRAISONAI_STATE_URL": "a", "PRAISON_STATE_URL": "b"})
    same = PersistenceConfig.from_env({"PRAISONAI_STATE_URL": "a", "PRAISON_STATE_URL": "a"})
    assert same.state_url == "a"


def test_a_url_without_a_store_picks_the_backend_by_its_scheme(tmp_path):
    config = PersistenceConfig.from_env({"PRAISONAI_CONVERSATION_URL": f"sqlite:///{tmp_path}/c.db"})
    with PersistenceOrchestrator.from_config(config) as orchestrator:
        assert orchestrator.conversation.backend == "sqlite"
        assert orchestrator.on_message("s", "user", "hi") is not None
        assert [message.content for message in orchestrator.get_messages("s")] == ["hi"]


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({"PRAISONAI_CONVERSATION_STORE": "postgres"}, "postgresql://u:p@h/d"),
        ({"PRAISONAI_CONVERSATION_STORE": "Neon"}, "postgresql://u:p@h/d"),
        ({"PRAISON_CONVERSATION_STORE": "async_postgres"}, "postgresql://u:p@h/d"),
        ({"PRAISONAI_CONVERSATION_STORE": "postgres", "PRAISONAI_CONVERSATION_URL": "postgresql://own"}, "postgresql://own"),
        ({"PRAISONAI_CONVERSATION_STORE": "sqlite"}, None),
        ({"PRAISONAI_CONVERSATION_STORE": "nonsense"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_a_shared_variable_counts_only_for_a_store_that_it_fits(environ, url):
    config = PersistenceConfig.from_env({**environ, "POSTGRES_URL": "postgresql://u:p@h/d", "REDIS_URL": "redis://r"})
    assert config.conversation_url == url
    assert config.state_url is None


def test_problems_say_what_to_do_and_open_no_connection():
    config = PersistenceConfig(
        conversation_store="postgress",
        conversation_url="postgresql://u:secret@127.0.0.1:1/d",
        knowledge_url="typo://h",
        state_store="memory",
        state_options={"pth": "x"},
    )
    problems = config.problems()
    assert len(problems) == 3
    assert "did you mean 'postgres'" in problems[0]
    assert "typo" in problems[1]
    assert "no option 'pth'" in problems[2]
    assert "secret" not in "".join(problems)
    assert (
        PersistenceConfig(conversation_store="Postgres", conversation_url="postgresql://127.0.0.1:1/d").problems() == ()
    )


def test_validate_is_false_with_problems_and_logs_each(caplog):
    assert PersistenceConfig(state_store="memory").validate()
    assert not PersistenceConfig(state_store="nope").validate()
    assert "state store: unknown state backend 'nope'" in caplog.text


def test_options_without_a_store_are_a_problem_not_dropped():
    assert "conversation_options are given" in PersistenceConfig(conversation_options={"a": 1}).problems()[0]


def test_repr_shows_no_secret():
    config = PersistenceConfig(
        conversation_url="postgresql://me:hunter2@host:5432/db?sslpassword=hunter3",
        state_options={"password": "hunter4"},
        session_id="s",
    )
    assert repr(config) == (
        "PersistenceConfig(conversation_url='postgresql://host:5432/db', state_options=<password>, session_id='s')"
    )


def test_options_reach_the_store_and_mode_chooses_its_form(tmp_path):
    from praison_persist import AsyncConversationStore

    sync = PersistenceConfig(conversation_store="sqlite", conversation_options={"path": str(tmp_path / "x.db")})
    assert str(tmp_path / "x.db") in repr(sync.open("conversation"))
    asynchronous = PersistenceConfig(
        conversation_url=f"sqlite:///{tmp_path}/x.db", conversation_options={"mode": "async"}
    )
    assert isinstance(asynchronous.open("conversation"), AsyncConversationStore)


def test_lazy_init_decides_when_the_database_is_opened(tmp_path):
    url = f"sqlite:///{tmp_path}/new.db"
    lazy = PersistenceOrchestrator(config=PersistenceConfig(conversation_url=url))
    assert not (tmp_path / "new.db").exists()
    eager = PersistenceOrchestrator(config=PersistenceConfig(conversation_url=url, lazy_init=False))
    assert (tmp_path / "new.db").exists()
    lazy.close()
    eager.close()


def test_auto_create_tables_false_reaches_the_store(tmp_path):
    url = f"sqlite:///{tmp_path}/none.db"
    config = PersistenceConfig(conversation_url=url, auto_create_tables=False)
    with (
        PersistenceOrchestrator(config=config) as orchestrator,
        pytest.raises(Exception, match="auto_create_tables=True"),
    ):
        orchestrator.on_message("s", "user", "x")
