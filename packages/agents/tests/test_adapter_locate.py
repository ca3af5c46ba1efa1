"""Which store a URL, a backend name or the environment leads to, and what is said where there is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from praison_persist import CONVERSATION_STORES, first_party
from praison_persist.errors import ConfigurationError, UnknownBackendError
from praison_persist.factories import OptionError
from praison_persist_agents.adapter.factory import db
from praison_persist_agents.locate import open_store


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("CONVERSATION", "STATE", "KNOWLEDGE"):
        for prefix in ("PRAISONAI", "PRAISON"):
            monkeypatch.delenv(f"{prefix}_{kind}_URL", raising=False)
            monkeypatch.delenv(f"{prefix}_{kind}_STORE", raising=False)


@pytest.mark.parametrize(
    ("kind", "url", "backend"),
    [
        ("conversation", "sqlite:///rel.db", "sqlite"),
        ("conversation", "sqlite:////tmp/abs.db", "sqlite"),
        ("conversation", ":memory:", "sqlite"),
        ("conversation", "chats.db", "sqlite"),
        ("conversation", "chats.sqlite3", "sqlite"),
        ("conversation", "postgresql://u:p@h/d", "postgres"),
        ("conversation", "postgres://u:p@h/d", "postgres"),
        ("conversation", "postgresql+psycopg2://u:p@h/d", "postgres"),
        ("knowledge", "postgresql://u:p@h/d", "pgvector"),
        ("knowledge", "pgvector://u:p@h/d", "pgvector"),
        ("knowledge", "http://127.0.0.1:6333", "qdrant"),
        ("knowledge", "http://qdrant:8000", "qdrant"),
        ("knowledge", "https://x.cloud.qdrant.io", "qdrant"),
        ("state", "sqlite:///state.db", "sqlite"),
        ("state", "memory://", "memory"),
    ],
)
def test_a_url_leads_to_its_backend(kind: Any, url: str, backend: str) -> None:
    assert open_store(kind, url=url).backend == backend


def test_the_mode_chooses_the_form_of_a_backend() -> None:
    assert open_store("conversation", url="a.db", options={"mode": "async"}).backend == "async_sqlite"
    assert open_store("conversation", backend="sqlite", options={"mode": "sync", "path": "a.db"}).backend


@pytest.mark.parametrize(
    ("kind", "url", "said"),
    [
        ("conversation", "qdrant://h:6333", "knowledge_url="),
        ("state", "qdrant://h:6333", "knowledge_url="),
        ("knowledge", "sqlite:///x.db", "database_url= or state_url="),
        ("conversation", "typo://x", "Known schemes"),
        ("conversation", "just a name", "no scheme"),
        ("conversation", "https://attacker.example/?r=.supabase.co", "database_backend="),
        ("knowledge", "https://my-qdrant-notes.example/weaviate", "knowledge_backend="),
    ],
)
def test_a_url_without_a_backend_says_what_to_do(kind: Any, url: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_store(kind, url=url)
    assert said in str(caught.value)


@pytest.mark.parametrize("url", ["qdrant://me:hunter2@h:6333", "typo://me:hunter2@h/d", "https://me:hunter2@x.example"])
def test_no_error_holds_a_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        db(url)
    assert "hunter2" not in str(caught.value)


def test_a_scheme_whose_package_is_missing_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(first_party.SCHEMES["conversation"], "dreamdb", "praison-persist-dreamdb")
    monkeypatch.setitem(first_party.SCHEMES["state"], "dreamdb", "praison-persist-dreamdb")
    with pytest.raises(UnknownBackendError, match="pip install praison-persist-dreamdb"):
        db("dreamdb://h/d")


def test_nothing_to_store_in_is_an_error_that_says_how() -> None:
    with pytest.raises(ConfigurationError, match="PRAISONAI_CONVERSATION_URL"):
        db()
    with pytest.raises(ConfigurationError, match="PRAISONAI_CONVERSATION_URL"):
        db(None, "sqlite:///state.db")


@pytest.mark.parametrize("prefix", ["PRAISONAI", "PRAISON"])
def test_the_environment_fills_in_what_is_not_given(
    prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{prefix}_CONVERSATION_URL", f"sqlite:///{tmp_path}/env.db")
    monkeypatch.setenv(f"{prefix}_STATE_URL", "memory://")
    monkeypatch.setenv(f"{prefix}_KNOWLEDGE_URL", "memory://")
    with db() as database:
        assert database.conversation_store.backend == "sqlite"
        assert database.state_store.backend == "memory"
        assert database.knowledge_store.backend == "memory"
        assert database.knowledge_store is database.knowledge_store
    with db(":memory:") as database:
        assert database.database_url == ":memory:"


def test_options_reach_the_backend_and_unknown_ones_are_errors(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    with db(url, table_prefix="mine_") as first, db(url, conversation_options={"table_prefix": "mine_"}) as second:
        first.on_user_message("s", "hi")
        assert [message.content for message in second.on_agent_start("A", "s")] == ["hi"]
    with pytest.raises(OptionError, match="table_prefix"):
        db(url, tabel_prefix="mine_")
    with pytest.raises(ConfigurationError, match="options"):
        db(url, state_options={"a": 1})
    with pytest.raises(ConfigurationError):
        db(url, conversation_store=CONVERSATION_STORES.create("memory"))
    with pytest.raises(ConfigurationError, match="nonsense"):
        db(conversation_store=CONVERSATION_STORES.create("memory"), nonsense=1)


@pytest.mark.parametrize(
    "wrong",
    [{"history_limit": -1}, {"hook_timeout": 0}, {"queue_limit": 0}, {"fallback": "disk"}, {"run_ttl": -1}],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong)).replace("run_", "")):
        db(":memory:", **wrong)


def test_neither_repr_nor_attributes_hold_a_password() -> None:
    database = db("postgresql://me:hunter2@127.0.0.1:1/d")
    assert "hunter2" not in repr(database)
    assert "hunter2" not in str(database.database_url)
    assert "127.0.0.1" in repr(database)
    database.close()


def test_importing_the_adapter_imports_no_client_no_backend_and_no_loop() -> None:
    program = (
        "import sys; from praison_persist_agents.adapter import db; from praison_persist_agents import locate;"
        "print([m for m in ('praisonaiagents', 'praison_persist_sqlite', 'psycopg', 'sqlite3') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
