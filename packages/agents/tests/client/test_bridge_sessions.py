"""`activate` makes our session store the one that agents, the session API and bots of a real PraisonAI get."""

from __future__ import annotations

import importlib

import pytest
from praisonaiagents import Agent

from praison_persist import CONVERSATION_STORES
from praison_persist_agents.bridge import activate, deactivate
from praison_persist_agents.sessions import get_default_session_store


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
    from praison_persist_agents.sessions import ConversationSessionStore

    with CONVERSATION_STORES.create("sqlite", path=str(tmp_path / "c.db")) as conversations:
        activate(session_store=ConversationSessionStore(conversations))
        agent().chat("My name is Alice")
        history = ConversationSessionStore(conversations).get_chat_history("chat-1")  # another bot on the database
        assert [entry["content"] for entry in history] == ["My name is Alice", "echo: My name is Alice"]
        assert conversations.list_sessions()
        agent().chat("What is my name?")
        assert [m["content"] for m in model.messages if m["role"] == "user"] == ["My name is Alice", "What is my name?"]
