"""The snippets of PraisonAI's pages on database persistence and async stores, with the real client.

Where a client refuses the documented form, the refusal is asserted, and the nearest form that it takes is tested.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
from pathlib import Path
from typing import Any

import pytest
from praisonaiagents import Agent, MemoryConfig

from praison_persist import (
    AsyncConversationStore,
    ConversationMessage,
    ConversationSession,
    ConversationStore,
)
from praison_persist.errors import ConfigurationError
from praison_persist_agents.adapter.factory import db
from praison_persist_agents.outbox import OutboxStatus


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRAISONAI_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def agent_with(database: Any, session_id: str, **options: Any) -> Any:
    """The form that clients accept, of ``Agent(db=db(...), session_id=...)``."""
    memory = MemoryConfig(db=database, session_id=session_id, user_id="user")
    return Agent(llm="gpt-4o-mini", memory=memory, **{"name": "Assistant", **options})


def contents(database: Any, session_id: str) -> list[Any]:
    return [message.content for message in database.on_agent_start("reader", session_id)]


# -- database-persistence ----------------------------------------------------------------------------------------------


def test_agent_takes_no_db_argument() -> None:
    with db("sqlite:///conversations.db") as database, pytest.raises(TypeError, match="db"):
        Agent(name="Assistant", instructions="You are a helpful assistant.", db=database, session_id="my-session")


def test_simple_sqlite_setup(model: Any) -> None:
    with db(database_url="sqlite:///conversations.db") as database:
        agent = agent_with(database, "my-session", instructions="You are a helpful assistant.")
        agent.chat("Hello!")
        assert contents(database, "my-session") == ["Hello!", "echo: Hello!"]
    assert Path("conversations.db").is_file()


def test_the_clients_own_db_with_the_documented_url_stores_nothing(model: Any) -> None:
    """Why `praison_persist_agents.db` is imported instead."""
    theirs = importlib.import_module("praisonaiagents.db")
    if not callable(theirs):  # up to 1.7.0
        with pytest.raises(TypeError, match="not callable"):
            theirs(database_url="sqlite:///conversations.db")  # type: ignore[operator]
        return
    agent_with(theirs(database_url="sqlite:///conversations.db"), "my-session").chat("Hello!")
    assert not Path("conversations.db").exists()


def test_production_postgresql(model: Any, database_url: str, fresh_prefix: str) -> None:
    with db(database_url=database_url, table_prefix=fresh_prefix) as database:
        agent_with(database, "production-session").chat("Remember my preferences")
        assert contents(database, "production-session") == ["Remember my preferences", "echo: Remember my preferences"]


def test_multi_backend_setup(model: Any, database_url: str, fresh_prefix: str) -> None:
    with db(
        database_url=database_url,
        state_url="sqlite:///state.db",
        conversation_options={"table_prefix": fresh_prefix},
    ) as database:
        agent_with(database, "hybrid-session").chat("Hello")
        assert [run.input_content for run in database.get_runs("hybrid-session")] == ["Hello"]
        assert database.conversation_store.get_session("hybrid-session").state is None
        assert database.state_store.keys("run:*")


def test_session_resume_workflow(model: Any) -> None:
    db_instance = db(database_url="sqlite:///conversations.db")
    agent = agent_with(db_instance, "user-123")
    agent.chat("My name is Alice")
    agent2 = agent_with(db_instance, "user-123")
    agent2.chat("What's my name?")
    assert any("My name is Alice" in str(message["content"]) for message in model.messages)
    db_instance.close()


def test_production_configuration(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///conversations.db")
    monkeypatch.delenv("REDIS_URL", raising=False)
    user_id = "42"
    with db(database_url=os.getenv("DATABASE_URL"), state_url=os.getenv("REDIS_URL")) as database:
        agent_with(database, f"user-{user_id}", name="ProdAssistant").chat("Hello")
        assert contents(database, "user-42") == ["Hello", "echo: Hello"]
    monkeypatch.delenv("DATABASE_URL")
    with pytest.raises(ConfigurationError):  # instead of an agent that silently stores nothing
        db(database_url=os.getenv("DATABASE_URL"), state_url=os.getenv("REDIS_URL"))


def test_best_practices_are_built_in(model: Any) -> None:
    with db("postgresql://user:pass@127.0.0.1:1/mydb", fallback="memory", max_retries=0, close_timeout=0.2) as database:
        agent = agent_with(database, "user-123")
        agent.chat("My name is Alice")  # the server is not there: the conversation lives in memory
        agent_with(database, "user-123").chat("What's my name?")
        status = database.status()
        assert isinstance(status, OutboxStatus)
        assert (status.state, status.dropped) == ("memory", 0)
        assert any("My name is Alice" in str(message["content"]) for message in model.messages)
        assert "pass" not in str(status.last_error)


# -- async-conversation-store ------------------------------------------------------------------------------------------


def test_agent_takes_no_conversation_store_argument() -> None:
    with pytest.raises(TypeError, match="conversation_store"):
        Agent(name="Assistant", conversation_store=object())


def test_a_built_in_async_store(model: Any, database_url: str, fresh_prefix: str) -> None:
    from praison_persist_postgres import AsyncPostgresConversationStore

    async def main() -> str:
        async with AsyncPostgresConversationStore(url=database_url, table_prefix=fresh_prefix) as store:
            database = db(conversation_store=store)
            agent = agent_with(database, "s", instructions="Help users with their tasks")
            result = await agent.astart("Hello, how are you?")
            await database.aclose()
            return result

    assert asyncio.run(main()) == "echo: Hello, how are you?"
    with db(database_url, table_prefix=fresh_prefix) as database:
        assert "echo: Hello, how are you?" in contents(database, "s")


class CustomAsyncStore(AsyncConversationStore):
    """A store of a user, in a dictionary, with what the contract needs and no more."""

    def __init__(self) -> None:
        self.sessions: dict[str, ConversationSession] = {}
        self.messages: dict[str, list[ConversationMessage]] = {}

    async def create_session(self, session: ConversationSession) -> ConversationSession:
        self.sessions[session.session_id] = session
        return session

    async def get_session(self, session_id: str) -> ConversationSession | None:
        return self.sessions.get(session_id)

    async def update_session(self, session: ConversationSession) -> ConversationSession:
        self.sessions[session.session_id] = session
        return session

    async def delete_session(self, session_id: str) -> bool:
        return self.sessions.pop(session_id, None) is not None

    async def list_sessions(self, *args: Any, **kwargs: Any) -> list[ConversationSession]:
        return list(self.sessions.values())

    async def add_message(self, session_id: str, message: ConversationMessage) -> ConversationMessage:
        self.messages.setdefault(session_id, []).append(message)
        return message

    async def get_messages(self, session_id: str, limit: int | None = None, **bounds: Any) -> list[ConversationMessage]:
        found = self.messages.get(session_id, [])
        return found if limit is None else found[-limit:]

    async def delete_messages(self, session_id: str, message_ids: Any = None) -> int:
        return len(self.messages.pop(session_id, []))

    async def close(self) -> None:
        self.closed = True


def test_a_custom_async_store(model: Any) -> None:
    store = CustomAsyncStore()
    with db(conversation_store=store) as database:
        agent_with(database, "s").chat("Hello")
    assert [message.content for message in store.messages["s"]] == ["Hello", "echo: Hello"]


def test_context_manager_usage_and_upsert(database_url: str, fresh_prefix: str) -> None:
    from praison_persist_postgres import AsyncPostgresConversationStore

    async def main() -> None:
        async with AsyncPostgresConversationStore(url=database_url, table_prefix=fresh_prefix) as store:
            updated = await store.upsert_session(ConversationSession(session_id="session_123", user_id="user_123"))
            assert updated.user_id == "user_123"
            session = await store.get_session("session_123")
            assert session is not None
            await store.add_message(
                "session_123", ConversationMessage(session_id="session_123", role="user", content="Hello")
            )
            assert [message.content for message in await store.get_messages("session_123")] == ["Hello"]
            assert not hasattr(store, "async_get_session")

    asyncio.run(main())


def test_coroutines_in_a_blocking_store_are_refused(model: Any) -> None:
    class MyStore(ConversationStore):
        async def get_session(self, session_id: str) -> Any:  # type: ignore[override]
            return None

    methods = {name: getattr(CustomAsyncStore, name) for name in ConversationStore.__abstractmethods__}
    wrong = type("Wrong", (MyStore,), methods)()
    assert inspect.iscoroutinefunction(wrong.close)
    with pytest.raises(ConfigurationError, match="AsyncConversationStore"):
        db(conversation_store=wrong)


def test_mixing_patterns_is_a_mistake_that_shows(database_url: str) -> None:
    from praison_persist_postgres import AsyncPostgresConversationStore

    session = AsyncPostgresConversationStore(url=database_url).get_session("id")
    assert inspect.iscoroutine(session)
    session.close()
