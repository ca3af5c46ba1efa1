"""Our stores in a real PraisonAI: the generic backend without any call of ours, and `activate` over its own names."""

from __future__ import annotations

import asyncio
import importlib
import threading
import warnings

import pytest
from praisonai.db.adapter import PraisonAIDB
from praisonai.persistence import PersistenceOrchestrator as TheirOrchestrator
from praisonai.persistence.conversation.base import (
    AsyncConversationStore,
    ConversationMessage,
    ConversationSession,
    ConversationStore,
)
from praisonai.persistence.factory import create_conversation_store, create_knowledge_store, create_state_store
from praisonai.persistence.knowledge.base import KnowledgeDocument, KnowledgeStore
from praisonai.persistence.registry import get_default_registry
from praisonai.persistence.state.base import StateStore
from praisonaiagents import Agent, MemoryConfig

import praison_persist
from praison_persist import UnknownBackendError
from praison_persist_agents.bridge import activate, deactivate

KINDS = ("conversation", "knowledge", "state")
NEWEST = importlib.metadata.version("praisonai") != "4.7.0"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRAISONAI_HOME", str(tmp_path / "home"))


class SessionStore:
    """Stands for any session store that a program injects."""


@pytest.fixture
def active():
    yield activate(session_store=SessionStore())
    deactivate()


def test_the_generic_backend_gives_praisonais_classes_back(tmp_path):
    store = create_conversation_store("praison_persist", url=f"sqlite:///{tmp_path}/c.db")
    assert isinstance(store, ConversationStore)
    session = store.create_session(ConversationSession("s", metadata={"a": 1}))
    message = ConversationMessage(id="m", role="assistant", content=None, tool_calls=[{"id": "c"}])
    assert store.add_message("s", message) is message
    assert message.session_id == "s"
    assert store.get_messages("s") == [message]
    before = session.updated_at
    session.metadata = {"a": 2}
    assert store.update_session(session) is session
    assert session.updated_at >= before
    assert [s.metadata for s in store.list_sessions()] == [{"a": 2}]
    assert isinstance(store.get_session("s"), ConversationSession)
    assert store.get_session("none") is None
    assert store.iter_messages("s") == [message]
    assert store.delete_messages("s", []) == 0
    with store:
        assert store.delete_session("s")
    store.close()


def test_the_generic_backend_has_an_async_form_by_name(tmp_path):
    store = create_conversation_store("praison_persist", backend_name="async_sqlite", path=str(tmp_path / "c.db"))
    assert isinstance(store, AsyncConversationStore)

    async def use():
        async with store:
            await store.create_session(ConversationSession("s"))
            await store.add_message("s", ConversationMessage(id="m", role="user", content="hi"))
            (message,) = await store.get_messages("s")
            assert type(message) is ConversationMessage
            assert [m.id async for m in store.iter_messages("s")] == ["m"]

    asyncio.run(use())


def test_the_generic_backend_serves_knowledge_and_state():
    knowledge = create_knowledge_store("praison_persist", url="memory://")
    assert isinstance(knowledge, KnowledgeStore)
    knowledge.create_collection("c", 2)
    documents = [KnowledgeDocument(id="d", content="D", embedding=[1.0, 0.0], metadata={"a": {"b": None}})]
    assert knowledge.insert("c", documents) == ["d"]
    (found,) = knowledge.search("c", [1.0, 0.0])
    assert type(found) is KnowledgeDocument
    assert (found.metadata, found.score) == ({"a": {"b": None}}, pytest.approx(1.0))
    state = create_state_store("praison_persist", url="memory://")
    assert isinstance(state, StateStore)
    state.set("user[1]:a", "1")
    assert state.scan_prefix("user[1]") == ["user[1]:a"]
    assert isinstance(state.namespace("n"), StateStore)


def test_what_the_generic_backend_cannot_open_is_an_error_that_says_so():
    with pytest.raises(ValueError, match="needs a URL"):
        create_conversation_store("praison_persist")
    with pytest.raises(UnknownBackendError, match="no conversation backend"):
        create_conversation_store("praison_persist", url="typo://host")


def test_db_uses_the_generic_backend_with_no_call_of_ours(model, tmp_path):
    url = f"sqlite:///{tmp_path}/agents.db"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        database = PraisonAIDB(database_backend="praison_persist", database_url=url)
    memory = MemoryConfig(db=database, session_id="chat-1", user_id="u")
    Agent(name="A", instructions="Help.", llm="gpt-4o-mini", memory=memory).chat("My name is Alice")
    store = create_conversation_store("praison_persist", url=url)
    stored = [(m.role, m.content) for m in store.get_messages("chat-1")]
    if not NEWEST:  # 4.7.0 has no database_backend: it gives the option to its own SQLite store, which refuses it
        assert stored == []
        return
    assert stored == [("user", "My name is Alice"), ("assistant", "echo: My name is Alice")]
    again = MemoryConfig(
        db=PraisonAIDB(database_backend="praison_persist", database_url=url), session_id="chat-1", user_id="u"
    )
    Agent(name="A", instructions="Help.", llm="gpt-4o-mini", memory=again).chat("What is my name?")
    assert [m["content"] for m in model.messages if m["role"] == "user"] == ["My name is Alice", "What is my name?"]


def test_activation_puts_our_stores_over_the_built_in_names(active, model, tmp_path):
    assert {"sqlite", "postgres", "neon", "async_postgres", "json"} <= set(active.stores["conversation"])
    assert {"qdrant", "pgvector"} <= set(active.stores["knowledge"])
    assert "memory" in active.stores["state"]
    assert "praison_persist" not in active.stores["conversation"]
    assert "installed" in active.refused
    store = create_conversation_store("sqlite", url=f"sqlite:///{tmp_path}/c.db")
    assert isinstance(store.wrapped, praison_persist.ConversationStore)
    assert create_conversation_store("neon", url="postgresql://u:p@127.0.0.1:1/d").backend == "postgres"
    # the URL that PraisonAI's own SQLite store cannot open
    database = PraisonAIDB(database_url=f"sqlite:///{tmp_path}/agents.db")
    memory = MemoryConfig(db=database, session_id="s", user_id="u")
    Agent(name="A", instructions="Help.", llm="gpt-4o-mini", memory=memory).chat("hi")
    opened = create_conversation_store("sqlite", url=f"sqlite:///{tmp_path}/agents.db")
    assert [m.content for m in opened.get_messages("s")] == ["hi", "echo: hi"]


def test_their_orchestrator_works_on_our_stores(active, tmp_path):
    theirs = TheirOrchestrator(conversation_store=create_conversation_store("sqlite", url=f"sqlite:///{tmp_path}/c.db"))
    agent = type("Anything", (), {"name": "A"})()
    theirs.on_agent_start(agent, "s")
    theirs.on_message("s", "user", "hi", metadata={"a": 1})
    theirs.on_agent_end(agent, "s", {"cost": 1})
    assert [m.content for m in theirs.on_agent_start(agent, "s")] == ["hi"]
    assert theirs.get_session("s").metadata["cost"] == 1

    async def inside():
        await theirs.aon_agent_start(agent, "s")
        await theirs.aon_message("s", "user", "async")

    asyncio.run(inside())
    assert [m.content for m in theirs.get_messages("s")] == ["hi", "async"]


def _snapshot():
    registries = [get_default_registry(kind) for kind in KINDS]
    return [(dict(r._loaders), dict(r._items), dict(r._aliases)) for r in registries]


def test_deactivation_puts_back_exactly_what_was_there():
    sessions = importlib.import_module("praisonaiagents.session.store")
    adapters = importlib.import_module("praisonaiagents.knowledge.adapters")
    before = _snapshot(), sessions._default_store, adapters.list_knowledge_adapters()
    injected = SessionStore()
    first = activate(session_store=injected)
    assert activate() is first
    assert activate(session_store=injected) is first
    with pytest.raises(ValueError, match="another session store is active"):
        activate(session_store=SessionStore())
    assert _snapshot() != before[0]
    assert sessions.get_default_session_store() is injected
    assert "praison_persist" in adapters.list_knowledge_adapters()
    assert deactivate()
    assert not deactivate()
    assert (_snapshot(), sessions._default_store, adapters.list_knowledge_adapters()) == before
    activate(session_store=injected)
    deactivate()
    assert (_snapshot(), sessions._default_store, adapters.list_knowledge_adapters()) == before


def test_deactivation_leaves_what_was_registered_since():
    registry = get_default_registry("conversation")
    sessions = importlib.import_module("praisonaiagents.session.store")
    before = sessions._default_store
    activate(session_store=SessionStore())
    mine, other = object(), SessionStore()
    try:
        registry.register_store("json", lambda **options: mine)
        sessions._default_store = other
        deactivate()
        assert registry.create("json") is mine
        assert sessions._default_store is other
    finally:
        sessions._default_store = before
        from praisonai.persistence.registry import _register_builtin_conversation_stores

        _register_builtin_conversation_stores(registry)


def test_activation_stands_threads():
    before = _snapshot()
    store = SessionStore()
    made, errors = [], []

    def work():
        try:
            made.append(activate(session_store=store))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len(set(map(id, made))) == 1
    assert deactivate()
    assert _snapshot() == before


def test_a_failed_activation_leaves_nothing_behind(monkeypatch):
    before = _snapshot()
    monkeypatch.setattr("praison_persist_agents.bridge.activation._register_knowledge", lambda undo: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        activate(session_store=SessionStore())
    assert _snapshot() == before
    assert not deactivate()


def test_a_real_installation_is_not_touched_and_the_reason_is_told():
    with pytest.raises(ValueError, match=r"praisonai .* installed: its modules stay as they are"):
        activate(import_paths=True)
    activation = activate(session_store=SessionStore())
    try:
        assert activation.import_paths == ()
        import praisonai.persistence.registry as registry

        assert "site-packages" in registry.__file__
    finally:
        deactivate()


def test_the_documents_plugin_snippets_run_on_the_real_client(active, tmp_path):
    from praisonai._registry import PluginRegistry
    from praisonai.persistence.registry import CONVERSATION_STORES

    def my_store_factory(url=None, **kwargs):
        return ("mine", url)

    CONVERSATION_STORES.register("mybackend", my_store_factory, aliases=("mb",))
    try:
        assert CONVERSATION_STORES.create("mb", url="proto://host") == ("mine", "proto://host")
        assert "mybackend" in CONVERSATION_STORES.list_registered()
        assert CONVERSATION_STORES.list_aliases()["neon"] == "postgres"
    finally:
        CONVERSATION_STORES.unregister("mybackend")

    class MyRegistry(PluginRegistry["MyThing"]):
        pass

    with pytest.raises(TypeError, match="entry_point_group"):  # the document's form; the client wants a constructor
        MyRegistry.default()
