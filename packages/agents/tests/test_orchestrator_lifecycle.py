"""The life of an agent through `PersistenceOrchestrator`: nothing erased, nothing lost, nothing doubled."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from praison_persist import (
    CONVERSATION_STORES,
    KNOWLEDGE_STORES,
    STATE_STORES,
    ConfigurationError,
    ConflictError,
    ConversationMessage,
    ConversationSession,
    InvalidInputError,
    KnowledgeDocument,
    NotFoundError,
)
from praison_persist_agents.orchestrator import PersistenceOrchestrator

AGENT = SimpleNamespace(name="Ada")


@pytest.fixture(params=["memory", "sqlite", "async_sqlite", "json"])
def orchestrator(request, tmp_path):
    options = {} if request.param == "memory" else {"path": str(tmp_path / "store")}
    with PersistenceOrchestrator(CONVERSATION_STORES.create(request.param, **options)) as made:
        yield made


def test_a_new_session_is_created_with_agent_and_user(orchestrator):
    assert orchestrator.on_agent_start(AGENT, "s", "u") == []
    session = orchestrator.get_session("s")
    assert (session.user_id, session.agent_id, session.metadata) == ("u", "Ada", {"agent_type": "SimpleNamespace"})


def test_without_an_id_a_session_is_made_up_and_can_be_asked_for(orchestrator):
    orchestrator.on_agent_start(AGENT)
    first = orchestrator.current_session_id
    orchestrator.on_agent_start(AGENT)
    assert orchestrator.get_session(first) is not None
    assert orchestrator.current_session_id != first


def test_resume_returns_the_messages_with_their_tool_fields(orchestrator):
    orchestrator.on_agent_start(AGENT, "s")
    orchestrator.on_message("s", "user", "2+2?")
    orchestrator.on_message("s", "assistant", None, tool_calls=[{"id": "c", "type": "function"}])
    orchestrator.on_message("s", "tool", "4", tool_call_id="c", metadata={"ms": 1})
    resumed = orchestrator.on_agent_start(AGENT, "s")
    assert [(m.role, m.content, m.tool_calls, m.tool_call_id) for m in resumed] == [
        ("user", "2+2?", None, None),
        ("assistant", None, [{"id": "c", "type": "function"}], None),
        ("tool", "4", None, "c"),
    ]
    assert [m.role for m in orchestrator.on_agent_start(AGENT, "s", history_limit=1)] == ["tool"]


def test_starting_without_resume_erases_nothing(orchestrator):
    orchestrator.on_agent_start(AGENT, "s")
    orchestrator.on_message("s", "user", "precious")
    assert orchestrator.on_agent_start(AGENT, "s", resume=False) == []
    orchestrator.on_message("s", "user", "more")
    assert [m.content for m in orchestrator.get_messages("s")] == ["precious", "more"]


def test_a_message_of_an_unknown_session_creates_it(orchestrator):
    orchestrator.on_message("new", "user", "hi")
    assert orchestrator.get_session("new") is not None
    assert [m.content for m in orchestrator.get_messages("new")] == ["hi"]


def test_a_repeated_message_id_is_one_message(orchestrator):
    for _ in range(2):
        orchestrator.on_message("s", "user", "hi", message_id="m1")
    with pytest.raises(ConflictError):
        orchestrator.on_message("s", "user", "other", message_id="m1")
    assert len(orchestrator.get_messages("s")) == 1


def test_several_messages_are_stored_all_or_none(orchestrator):
    bad = [ConversationMessage(role="user", content="a"), ConversationMessage(role="", content="b")]
    with pytest.raises(InvalidInputError):
        orchestrator.on_messages("s", bad)
    assert orchestrator.get_messages("s") == []
    orchestrator.on_messages("s", [ConversationMessage(role="user", content=str(n)) for n in range(3)])
    assert [m.content for m in orchestrator.get_messages("s")] == ["0", "1", "2"]


def test_sessions_are_listed_and_deleted(orchestrator):
    for number in range(3):
        orchestrator.on_agent_start(AGENT, f"s{number}", f"u{number % 2}")
    assert {s.session_id for s in orchestrator.list_sessions("u0")} == {"s0", "s2"}
    assert {s.session_id for s in orchestrator.list_sessions(agent_id="Ada", limit=2, offset=2)} <= {"s0", "s1", "s2"}
    assert orchestrator.delete_session("s0")
    assert not orchestrator.delete_session("s0")
    assert orchestrator.get_session("s0") is None
    assert orchestrator.cached_session("s0") is None


def test_the_end_of_one_agent_keeps_what_another_process_noted(tmp_path):
    def another():
        return PersistenceOrchestrator(CONVERSATION_STORES.create("sqlite", path=str(tmp_path / "c.db")))

    with another() as one, another() as two:
        one.on_agent_start(AGENT, "s")
        two.on_agent_start(AGENT, "s")
        two.on_agent_end(AGENT, "s", {"summary": "long"})
        one.on_agent_end(AGENT, "s", {"cost": 1})
        assert one.get_session("s").metadata == {"agent_type": "SimpleNamespace", "summary": "long", "cost": 1}


def test_metadata_that_many_orchestrators_set_at_once_is_all_kept(tmp_path):
    url = f"sqlite:///{tmp_path}/shared.db"
    PersistenceOrchestrator(CONVERSATION_STORES.create_from_url(url)).on_agent_start(None, "s")

    def work(number):
        with PersistenceOrchestrator(CONVERSATION_STORES.create_from_url(url)) as orchestrator:
            orchestrator.on_agent_start(None, "s")
            for i in range(25):
                orchestrator.on_agent_end(None, "s", {f"{number}-{i}": i})

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    stored = PersistenceOrchestrator(CONVERSATION_STORES.create_from_url(url)).get_session("s")
    assert {f"{number}-{i}" for number in range(4) for i in range(25)} <= stored.metadata.keys()


def test_the_end_of_an_unknown_session_does_nothing(orchestrator):
    orchestrator.on_agent_end(AGENT, "never", {"a": 1})
    assert orchestrator.get_session("never") is None


def test_agents_that_start_one_new_session_at_once_all_succeed(orchestrator):
    barrier, errors = threading.Barrier(6), []

    def start(number):
        try:
            barrier.wait()
            orchestrator.on_agent_start(AGENT, "same")
            orchestrator.on_message("same", "user", str(number))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=start, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert sorted(m.content for m in orchestrator.get_messages("same")) == list("012345")


def test_processes_that_start_one_new_session_at_once_all_succeed(tmp_path):
    program = (
        "import sys\n"
        "from praison_persist import CONVERSATION_STORES\n"
        "from praison_persist_agents.orchestrator import PersistenceOrchestrator\n"
        "o = PersistenceOrchestrator(CONVERSATION_STORES.create('sqlite', path=sys.argv[1]))\n"
        "for n in range(10):\n"
        "    o.on_agent_start(None, f'same-{n}')\n"
        "    o.on_message(f'same-{n}', 'user', sys.argv[2])\n"
    )
    path = str(tmp_path / "c.db")
    children = [subprocess.Popen([sys.executable, "-c", program, path, str(n)]) for n in range(4)]
    assert [child.wait(120) for child in children] == [0] * 4
    with PersistenceOrchestrator(CONVERSATION_STORES.create("sqlite", path=path)) as orchestrator:
        for number in range(10):
            assert sorted(m.content for m in orchestrator.get_messages(f"same-{number}")) == list("0123")


# -- the cache


def test_the_cache_hands_out_copies_and_forgets_the_oldest():
    with PersistenceOrchestrator(CONVERSATION_STORES.create("memory"), cache_size=2) as orchestrator:
        for name in "abc":
            orchestrator.on_agent_start(AGENT, name)
        assert orchestrator.cached_session("a") is None
        copy = orchestrator.cached_session("c")
        copy.metadata["agent_type"] = "changed"
        assert orchestrator.cached_session("c").metadata == {"agent_type": "SimpleNamespace"}
        orchestrator.on_agent_end(AGENT, "c", {"nested": {"a": 1}})
        assert orchestrator.cached_session("c").metadata["nested"] == {"a": 1}


@pytest.mark.parametrize("name", ["PRAISONAI_SESSION_CACHE_MAX", "PRAISON_SESSION_CACHE_MAX"])
def test_the_environment_sets_the_size_of_the_cache(name, monkeypatch):
    monkeypatch.setenv(name, "1")
    orchestrator = PersistenceOrchestrator(CONVERSATION_STORES.create("memory"))
    orchestrator.on_agent_start(AGENT, "a")
    orchestrator.on_agent_start(AGENT, "b")
    assert (orchestrator.cached_session("a"), orchestrator.cached_session("b").session_id) == (None, "b")
    monkeypatch.setenv(name, "many")
    with pytest.raises(ConfigurationError, match=name):
        PersistenceOrchestrator()


def test_the_cache_stands_threads():
    orchestrator = PersistenceOrchestrator(CONVERSATION_STORES.create("memory"), cache_size=8)
    errors = []

    def work(number):
        try:
            for n in range(100):
                orchestrator.on_agent_start(AGENT, f"s{(number * 7 + n) % 20}")
                session = orchestrator.cached_session(f"s{n % 20}")
                assert session is None or session.session_id == f"s{n % 20}"
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len(orchestrator._cache) == 8


# -- knowledge, state, nothing


def test_knowledge_is_added_and_found_and_its_collection_created():
    with PersistenceOrchestrator(knowledge_store=KNOWLEDGE_STORES.create("memory")) as orchestrator:
        with pytest.raises(InvalidInputError, match="no document has an embedding"):
            orchestrator.add_knowledge([KnowledgeDocument(content="x")])
        documents = [
            KnowledgeDocument(id="a", content="A", embedding=[1.0, 0.0], metadata={"lang": "de"}),
            KnowledgeDocument(id="b", content="B", embedding=[0.9, 0.1], metadata={"lang": "en"}),
        ]
        assert orchestrator.add_knowledge(documents) == ["a", "b"]
        assert orchestrator.add_knowledge(documents[:1]) == ["a"]
        assert [d.id for d in orchestrator.retrieve_knowledge([1.0, 0.0])] == ["a", "b"]
        assert [d.id for d in orchestrator.retrieve_knowledge([1.0, 0.0], limit=1)] == ["a"]
        assert [d.id for d in orchestrator.retrieve_knowledge([1.0, 0.0], filters={"lang": "en"})] == ["b"]
        with pytest.raises(NotFoundError):
            orchestrator.retrieve_knowledge([1.0, 0.0], collection="other")


def test_state_is_set_read_and_deleted():
    with PersistenceOrchestrator(state_store=STATE_STORES.create("memory")) as orchestrator:
        orchestrator.set_state("k", {"a": 1}, ttl=60)
        assert orchestrator.get_state("k") == {"a": 1}
        assert orchestrator.state.ttl("k") == 60
        assert orchestrator.delete_state("k")
        assert orchestrator.get_state("k") is None


def test_without_stores_hooks_do_nothing_and_writes_that_would_be_lost_are_errors():
    with PersistenceOrchestrator() as orchestrator:
        assert orchestrator.on_agent_start(AGENT, "s") == []
        assert orchestrator.on_message("s", "user", "x") is None
        orchestrator.on_agent_end(AGENT, "s", {"a": 1})
        assert orchestrator.get_session("s") is None
        assert orchestrator.list_sessions() == orchestrator.get_messages("s") == []
        assert orchestrator.retrieve_knowledge([1.0]) == []
        assert orchestrator.get_state("k") is None
        assert not orchestrator.delete_session("s")
        assert not orchestrator.delete_state("k")
        with pytest.raises(ConfigurationError, match="no state store"):
            orchestrator.set_state("k", 1)
        with pytest.raises(ConfigurationError, match="no knowledge store"):
            orchestrator.add_knowledge([])


def test_close_closes_every_store_although_one_fails_and_may_be_repeated():
    closed = []

    class Broken:
        def close(self):
            closed.append("broken")
            raise RuntimeError("cannot close")

    class Fine:
        def close(self):
            closed.append("fine")

    orchestrator = PersistenceOrchestrator(Broken(), Fine(), Fine())
    with pytest.raises(RuntimeError, match="cannot close"):
        orchestrator.close()
    orchestrator.close()
    assert closed == ["broken", "fine", "fine"]


def test_a_store_with_the_methods_that_are_needed_is_enough():
    class Small:
        def __init__(self):
            self.messages = []

        def get_session(self, session_id):
            return ConversationSession(session_id)

        def add_message(self, session_id, message):
            self.messages.append(message)

    store = Small()
    orchestrator = PersistenceOrchestrator(store)
    orchestrator.on_messages("s", [ConversationMessage(role="user", content=text) for text in "ab"])
    assert [message.content for message in store.messages] == ["a", "b"]


def test_an_async_store_that_does_not_inherit_is_refused_with_the_class_to_inherit():
    class NotInherited:
        async def close(self):
            """Never awaited."""

    with pytest.raises(ConfigurationError, match=r"inherit from praison_persist\.AsyncConversationStore"):
        PersistenceOrchestrator(NotInherited())


def test_repr_shows_the_stores_without_secrets():
    store = CONVERSATION_STORES.create("postgres", url="postgresql://me:hunter2@127.0.0.1:1/db")
    assert "hunter2" not in repr(PersistenceOrchestrator(store))
    assert "Postgres" in repr(PersistenceOrchestrator(store))


def test_importing_the_orchestrator_imports_no_backend_and_no_praisonai():
    program = (
        "import sys, praison_persist_agents.orchestrator, praison_persist_agents.hooks\n"
        "import praison_persist_agents.bridge, praison_persist_agents.bridge.plugin\n"
        "heavy = ('praison_persist_', 'praisonai', 'yaml', 'sqlite3', 'psycopg')\n"
        "loaded = [name for name in sys.modules if name.startswith(heavy)]\n"
        "bad = [name for name in loaded if not name.startswith('praison_persist_agents')]\n"
        "assert not bad, bad\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, env={**os.environ})
