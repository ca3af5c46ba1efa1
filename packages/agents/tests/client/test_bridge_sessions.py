"""`activate` makes our session store the one that agents, the session API and bots of a real PraisonAI get."""

from __future__ import annotations

import asyncio
import importlib

import pytest
from praisonaiagents import Agent, MemoryConfig

from praison_persist import CONVERSATION_STORES
from praison_persist_agents.bridge import activate, deactivate
from praison_persist_agents.sessions import ConversationSessionStore, DefaultSessionStore, get_default_session_store


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRAISONAI_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def inactive():
    yield
    deactivate()


def agent(session_id="chat-1"):
    return Agent(name="A", instructions="Help.", llm="gpt-4o-mini", memory={"session_id": session_id, "user_id": "u"})


def clients_default():
    return importlib.import_module("praisonaiagents.session").get_default_session_store()


def test_without_a_store_the_default_of_ours_becomes_the_clients(model):
    activate()
    assert clients_default() is get_default_session_store()
    agent().chat("My name is Alice")
    agent().chat("What is my name?")
    asked = [m["content"] for m in model.messages if m["role"] == "user"]
    assert asked == ["My name is Alice", "What is my name?"]
    history = get_default_session_store().get_chat_history("chat-1")
    assert [entry["content"] for entry in history] == [
        "My name is Alice", "echo: My name is Alice", "What is my name?", "echo: What is my name?",
    ]  # fmt: skip
    deactivate()
    assert clients_default() is not get_default_session_store()


def test_agents_store_their_sessions_in_a_database_that_is_given(model, tmp_path):
    with CONVERSATION_STORES.create("sqlite", path=str(tmp_path / "c.db")) as conversations:
        activate(session_store=ConversationSessionStore(conversations))
        agent().chat("My name is Alice")
        history = ConversationSessionStore(conversations).get_chat_history("chat-1")  # another bot on the database
        assert [entry["content"] for entry in history] == ["My name is Alice", "echo: My name is Alice"]
        assert conversations.list_sessions()
        agent().chat("What is my name?")
        assert [m["content"] for m in model.messages if m["role"] == "user"] == ["My name is Alice", "What is my name?"]


# -- nothing twice -----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["files", "database"])
def sessions(request, tmp_path):
    if request.param == "files":
        yield DefaultSessionStore(tmp_path / "sessions")
    else:
        with CONVERSATION_STORES.create("sqlite", path=str(tmp_path / "c.db")) as conversations:
            yield ConversationSessionStore(conversations)


def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


def remembering(**memory):
    config = MemoryConfig(session_id="s", **memory)
    return Agent(name="A", instructions="x", llm="gpt-4o-mini", memory=config, tools=[weather])


def ask(agent, mode, question):
    if mode == "stream":
        list(agent.start(question, stream=True))
    else:
        getattr(agent, mode)(question)


def told(messages):
    return [(m["role"], (m["content"] or "").strip()) for m in messages if m["role"] != "system"]


@pytest.mark.parametrize("mode", ["chat", "start", "stream"])
@pytest.mark.parametrize("memory", [{"history": True}, {"history": True, "auto_save": "s"}], ids="+".join)
def test_history_and_auto_save_double_nothing(model, sessions, mode, memory):
    activate(session_store=sessions)
    ask(remembering(**memory), mode, "My name is Alice")
    resumed = remembering(**memory)
    for question in ('CALL weather {"city": "Paris"}', "What is my name?"):
        before = told(sessions.get_chat_history("s"))
        ask(resumed, mode, question)
        shown = told(model.requests[-1]["messages"])
        assert len(set(shown)) == len(shown)
        stored = told(sessions.get_chat_history("s"))
        assert len(set(stored)) == len(stored)
        if "CALL" not in question and "_load_session_history" in dir(Agent):  # the older client stores parts of streams
            assert shown == [*before, ("user", question)]
            assert stored == [*shown, ("assistant", f"echo: {question}")]


def test_history_shows_an_agent_that_talked_before_what_it_does_not_know(model, sessions):
    if "_load_session_history" not in dir(Agent):
        pytest.skip("this client shows no history there")
    activate(session_store=sessions)
    ask(remembering(), "chat", "My name is Alice")
    talking = remembering(history=True)
    asyncio.run(talking.achat("Good morning"))  # looks at no session store, and the client then restores nothing
    for question in ("What is my name?", "Are you sure?"):
        ask(talking, "chat", question)
        contents = [content for _, content in told(model.messages)]
        assert contents[:4] == ["My name is Alice", "echo: My name is Alice", "Good morning", "echo: Good morning"]
        assert len(set(contents)) == len(contents)


def test_another_store_is_left_alone_and_deactivate_puts_the_methods_back(model, sessions):
    before = {name: value for name, value in vars(Agent).items() if "session" in name}
    activate(session_store=sessions)
    other = remembering(history=True)
    other._session_store = DefaultSessionStore("other")
    ask(other, "chat", "My name is Bob")
    assert not sessions.session_exists("s")
    deactivate()
    assert {name: value for name, value in vars(Agent).items() if "session" in name} == before
