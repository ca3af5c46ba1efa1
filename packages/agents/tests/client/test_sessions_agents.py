"""Our session stores under real agents, sessions and bots of PraisonAI."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from praison_persist import CONVERSATION_STORES
from praison_persist_agents.sessions import ConversationSessionStore, DefaultSessionStore

NEWEST = tuple(int(part) for part in version("praisonaiagents").split(".")[:3]) >= (1, 7, 17)

Opener = Callable[[], Any]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PRAISONAI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PRAISONAI_TELEMETRY_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture(params=["files", "sqlite"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the same sessions anew, each time as another process would."""
    stores: list[Any] = []

    def create() -> Any:
        if request.param == "files":
            return DefaultSessionStore(tmp_path / "sessions")
        stores.append(CONVERSATION_STORES.create("sqlite", path=str(tmp_path / "sessions.db")))
        return ConversationSessionStore(stores[-1])

    yield create
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A session store of ours, as the one that agents take."""
    found = opened()
    monkeypatch.setattr("praisonaiagents.session.store._default_store", found)
    return found


def lookup(key: str) -> str:
    """Look a key up."""
    return "sunny"


def agent(session_id: str = "chat-123", **options: Any) -> Any:
    from praisonaiagents import Agent

    return Agent(
        name="Assistant",
        instructions="x",
        llm="gpt-4o-mini",
        memory={"session_id": session_id, "user_id": "u1"},
        output="silent",
        **options,
    )


def spoken(messages: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    return [(m["role"], m["content"]) for m in messages if m["role"] != "system"]


def test_an_agent_stores_and_another_one_continues(store: Any, model: Any) -> None:
    agent().start("My name is Alice")
    agent().chat("Who am I?")
    assert spoken(model.messages) == [
        ("user", "My name is Alice"),
        ("assistant", "echo: My name is Alice"),
        ("user", "Who am I?"),
    ]
    assert spoken(store.get_chat_history("chat-123")) == [
        ("user", "My name is Alice"),
        ("assistant", "echo: My name is Alice"),
        ("user", "Who am I?"),
        ("assistant", "echo: Who am I?"),
    ]
    session = store.get_session("chat-123")
    assert (session.agent_name, session.user_id) == ("Assistant", "u1")
    assert session.metadata["model"] == "gpt-4o-mini"
    assert store.list_sessions()[0]["source"] == "chat"


def test_another_process_continues(store: Any, model: Any, tmp_path: Path) -> None:
    agent().chat("My name is Alice")
    kind = "files" if isinstance(store, DefaultSessionStore) else "sqlite"
    code = f"""
from praison_persist import CONVERSATION_STORES
from praison_persist_agents.sessions import ConversationSessionStore, DefaultSessionStore
import praisonaiagents.session.store as sessions
from praisonaiagents import Agent
if {kind!r} == "files":
    sessions._default_store = DefaultSessionStore({str(tmp_path / "sessions")!r})
else:
    sessions._default_store = ConversationSessionStore(
        CONVERSATION_STORES.create("sqlite", path={str(tmp_path / "sessions.db")!r})
    )
memory = {{"session_id": "chat-123"}}
Agent(name="Assistant", instructions="x", llm="gpt-4o-mini", memory=memory, output="silent").chat("Who am I?")
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300, env=dict(os.environ), capture_output=True)
    assert ("user", "My name is Alice") in spoken(model.messages)
    assert spoken(store.get_chat_history("chat-123"))[-1] == ("assistant", "echo: Who am I?")


def test_a_stream_with_a_tool_is_stored_and_what_is_restored_is_valid_for_a_provider(store: Any, model: Any) -> None:
    talking = agent(tools=[lookup])
    talking.chat("hi")
    for _ in talking.start('CALL lookup {"key": "k"}', stream=True):
        pass
    history = store.get_chat_history("chat-123")[2:]
    calls = [message for message in history if message.get("tool_calls")]
    results = [message for message in history if message["role"] == "tool"]
    assert [c["function"]["name"] for c in calls[0]["tool_calls"]] == ["lookup"]
    assert (results[0]["content"], results[0]["tool_call_id"]) == ("sunny", calls[0]["tool_calls"][0]["id"])
    roles = [message["role"] for message in history]
    # The older client stores neither the question nor the answer of a stream that calls tools.
    assert roles == (["user", "assistant", "tool", "assistant"] if NEWEST else ["assistant", "tool"])

    agent(tools=[lookup]).chat("and now?")
    assert all(m["role"] != "tool" for m in model.messages)  # the client drops tool_call_id, providers refuse that
    assert ("assistant", '[Called lookup({"key": "k"}); it returned: sunny]') in spoken(model.messages)


def test_a_stream_that_is_abandoned_leaves_what_was_said(store: Any, model: Any) -> None:
    stream = agent().start("one two three four five six", stream=True)
    next(iter(stream))
    stream.close()
    history = spoken(store.get_chat_history("chat-123"))
    if NEWEST:
        assert history[0] == ("user", "one two three four five six")
        assert all("echo: one two three four five six".startswith(text) for _, text in history[1:])
    else:  # the older client does not look at a session store when an agent begins with a stream
        assert history == []


def test_achat_neither_stores_nor_restores(store: Any, model: Any) -> None:
    """The client's: its asynchronous chat never looks at a session store."""
    store.add_user_message("chat-123", "My name is Alice")
    asyncio.run(agent().achat("Who am I?"))
    assert ("user", "My name is Alice") not in spoken(model.messages)
    assert len(store.get_chat_history("chat-123")) == 1


def test_a_store_with_the_five_documented_methods_is_thrown_away_by_the_client(
    model: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Five:
        def __init__(self) -> None:
            self.calls: list[str] = []

        def add_message(self, session_id: str, role: str, content: str, metadata: Any = None) -> bool:
            self.calls.append("add_message")
            return True

        def get_chat_history(self, session_id: str, max_messages: int | None = None) -> list[dict[str, Any]]:
            self.calls.append("get_chat_history")
            return []

        def clear_session(self, session_id: str) -> bool:
            return True

        def delete_session(self, session_id: str) -> bool:
            return True

        def session_exists(self, session_id: str) -> bool:
            return False

    five = Five()
    monkeypatch.setattr("praisonaiagents.session.store._default_store", five)
    talking = agent()
    with caplog.at_level(logging.WARNING):
        talking.chat("hi")
    assert talking._session_store is None
    assert "add_message" not in five.calls
    assert "set_agent_info" in caplog.text


def test_the_session_api_saves_and_restores_through_the_store(store: Any, model: Any) -> None:
    from praisonaiagents import Session

    # With chromadb installed, the client's default memory is Chroma's, and a search for which it has no embedding model
    # then ends in "no such table: long_mem"; its memory is not what this test is about.
    memory = {"provider": "sqlite"}
    session = Session(session_id="api-1", user_id="u1", memory_config=memory)
    talking = session.Agent(name="Helper", instructions="x", llm="gpt-4o-mini")
    talking.chat("My name is Alice")
    session.save_state({"topic": "names"})
    assert store.session_exists("api-1") or any("api-1" in row["session_id"] for row in store.list_sessions())

    later = Session(session_id="api-1", user_id="u1", memory_config=memory)
    later.restore_state()
    again = later.Agent(name="Helper", instructions="x", llm="gpt-4o-mini")
    again.chat("Who am I?")
    assert ("user", "My name is Alice") in spoken(model.messages)


def test_the_session_tools_search_in_the_store(store: Any) -> None:
    store.add_user_message("past", "we talked about the billing migration")
    tools = pytest.importorskip("praisonaiagents.tools.session_tools")
    text = json.dumps(tools.session_search("billing migration"), default=str)
    assert "billing migration" in text


def test_our_stores_have_the_shapes_of_the_clients_protocols(store: Any) -> None:
    from praisonaiagents.session import protocols

    names = ["SessionStoreProtocol", "SearchableSessionStoreProtocol", "RuntimeStateMirroringProtocol"]
    if NEWEST:
        names += ["IncrementalSessionStoreProtocol", "PortableSessionStoreProtocol"]
    for name in names:
        assert isinstance(store, getattr(protocols, name)), name


# -- bots --------------------------------------------------------------------------------------------------------------


def manager(store: Any, **options: Any) -> Any:
    from praisonai_bot.bots._session import BotSessionManager

    return BotSessionManager(store=store, platform="telegram", **options)


def bot_agent() -> Any:
    from praisonaiagents import Agent

    return Agent(name="Bot", instructions="x", llm="gpt-4o-mini", output="silent")


def test_a_bot_keeps_a_history_for_each_user_and_another_process_goes_on(opened: Opener, model: Any) -> None:
    async def turn(store: Any, user: str, text: str) -> str:
        return await manager(store).chat(bot_agent(), user, text)

    asyncio.run(turn(opened(), "12345", "My name is Alice"))
    asyncio.run(turn(opened(), "999", "My name is Bob"))
    asyncio.run(turn(opened(), "12345", "Who am I?"))
    assert ("user", "My name is Alice") in spoken(model.messages)
    assert ("user", "My name is Bob") not in spoken(model.messages)
    store = opened()
    assert spoken(store.get_chat_history("bot_telegram_12345")) == [
        ("user", "My name is Alice"),
        ("assistant", "echo: My name is Alice"),
        ("user", "Who am I?"),
        ("assistant", "echo: Who am I?"),
    ]
    assert len(store.get_chat_history("bot_telegram_999")) == 2


def test_a_bots_turn_is_one_atomic_write(opened: Opener, model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened()
    calls: list[str] = []
    for name in ("set_chat_history", "clear_session", "add_message"):
        original = getattr(store, name)
        monkeypatch.setattr(
            store, name, lambda *a, _n=name, _o=original, **k: (calls.append(_n), _o(*a, **k))[1], raising=False
        )
    asyncio.run(manager(store).chat(bot_agent(), "1", "hi"))
    assert calls == ["set_chat_history"]


def test_a_bots_reset_forgets_the_user(opened: Opener, model: Any) -> None:
    store = opened()
    bots = manager(store)
    asyncio.run(bots.chat(bot_agent(), "1", "secret"))
    bots.reset("1")
    assert store.get_chat_history("bot_telegram_1") == []
    assert store.search("secret") == []


def test_a_bot_takes_the_documented_argument_and_the_client_ignores_it(opened: Opener, home: Path) -> None:
    """``Bot("telegram", agent=…, session_store=…)``; what works is to make the store the default one."""
    from praisonai.bots import Bot

    store = opened()
    bot = Bot("telegram", agent=bot_agent(), token="0:x", session_store=store)
    held = [value for value in vars(bot).values() if value is store]
    assert held == []
