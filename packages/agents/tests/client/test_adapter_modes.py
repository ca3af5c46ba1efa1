"""What the real client's agents store through `db`, in each way to run them, and what they resume with."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from praisonaiagents import Agent, MemoryConfig
from praisonaiagents.db import AsyncDbAdapter, DbAdapter, DbMessage, DbRun, protocol

from praison_persist.errors import NotFoundError
from praison_persist_agents.adapter.asynchronous import AsyncPersistDb
from praison_persist_agents.adapter.database import PersistDb
from praison_persist_agents.adapter.factory import db

NEWEST = "tool_call_id" in {field.name for field in dataclasses.fields(DbMessage)}
"""The older client drops tool fields on resume, reports no end of a run, and in achat and streams no question."""

TOOLS = 'CALL weather {"city": "Paris"}; CALL weather {"city": "Rome"}'
MODES = ["chat", "start", "achat", "astart", "stream"]
Shape = tuple[str, str, tuple[Any, ...], Any]


def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRAISONAI_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[PersistDb]:
    with db(f"sqlite:///{tmp_path}/chats.db") as adapter:
        yield adapter


def new_agent(database: Any, session_id: str = "s", name: str = "A", **memory: Any) -> Any:
    config = MemoryConfig(db=database, session_id=session_id, user_id="user", **memory)
    return Agent(name=name, instructions="Be brief.", llm="gpt-4o-mini", memory=config, tools=[weather])


def run(agent: Any, mode: str, question: str) -> None:
    if mode == "stream":
        list(agent.start(question, stream=True))
    elif mode in ("achat", "astart"):
        asyncio.run(getattr(agent, mode)(question))
    else:
        getattr(agent, mode)(question)


def shape(message: Any) -> Shape:
    if not isinstance(message, dict):
        message = vars(message)
    calls = tuple(
        (call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls") or ()
    )
    return message["role"], (message.get("content") or "").strip(), calls, message.get("tool_call_id")


def stored(database: PersistDb, session_id: str = "s") -> list[Shape]:
    try:
        return [shape(message) for message in database.export_session(session_id)["messages"]]
    except NotFoundError:
        return []


def seen(model: Any) -> list[Shape]:
    return [shape(message) for message in model.messages if message["role"] != "system"]


def turn_of(messages: list[Shape]) -> list[Shape]:
    last = max(number for number, message in enumerate(messages) if message[0] == "user")
    return messages[last:]


def answer(request: dict[str, Any], model: Any) -> Shape:
    return "assistant", model.answer(request).text, (), None


def what_an_older_client_reports(turn: list[Shape], mode: str) -> list[Shape]:
    return turn if mode in ("chat", "start") else turn[1:]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("question", ["My name is Alice", TOOLS], ids=["plain", "tools"])
def test_what_is_stored_is_what_the_model_saw(database: PersistDb, model: Any, mode: str, question: str) -> None:
    agent = new_agent(database)
    expected: list[Shape] = []
    for text in (question, "And again", question):
        run(agent, mode, text)
        turn = [*turn_of(seen(model)), answer(model.requests[-1], model)]
        expected += turn if NEWEST else what_an_older_client_reports(turn, mode)
    if not NEWEST and mode == "stream":
        assert all(message[0] != "user" for message in stored(database))  # it reports no question, and not each answer
        return
    assert stored(database) == expected
    assert len(stored(database)) == len(expected) >= 3


@pytest.mark.parametrize("mode", MODES)
def test_a_resumed_session_shows_the_model_what_is_stored(database: PersistDb, model: Any, mode: str) -> None:
    first = new_agent(database)
    for text in ("My name is Alice", TOOLS):
        run(first, "chat", text)
    before = stored(database)
    run(new_agent(database), mode, "What is my name?")
    if NEWEST:
        assert seen(model) == [*before, ("user", "What is my name?", (), None)]
    elif mode in ("chat", "start"):  # without tool turns, which would reach the model in pieces
        plain = [message for message in before if message[0] != "tool" and not message[2]]
        assert seen(model) == [*plain, ("user", "What is my name?", (), None)]
    else:  # the older client asks for no history there
        assert seen(model) == [("user", "What is my name?", (), None)]


def test_a_second_process_resumes(tmp_path: Path, model: Any) -> None:
    program = """
import sys
import time
from praisonaiagents import Agent, MemoryConfig
from praison_persist_agents.adapter.factory import db
database = db(sys.argv[1])
agent = Agent(name="Assistant", llm="gpt-4o-mini", memory=MemoryConfig(db=database, session_id="user-123", user_id="u"))
agent.chat(sys.argv[2])
"""
    for question in ("My name is Alice", "What is my name?"):
        subprocess.run(
            [sys.executable, "-c", program, f"sqlite:///{tmp_path}/chats.db", question],
            env={**os.environ},
            capture_output=True,
            timeout=120,
            check=True,
        )
    assert seen(model) == [
        ("user", "My name is Alice", (), None),
        ("assistant", "echo: My name is Alice", (), None),
        ("user", "What is my name?", (), None),
    ]


@pytest.mark.parametrize("memory", [{"history": True}, {"history": True, "auto_save": "s"}])
def test_history_beside_the_database_doubles_nothing(database: PersistDb, model: Any, memory: dict[str, Any]) -> None:
    run(new_agent(database, **memory), "chat", "My name is Alice")
    run(new_agent(database, **memory), "chat", "What is my name?")
    asked = [message for message in seen(model) if "My name is Alice" in message[1]]
    assert len(asked) == 2  # the question, and the answer that repeats it
    assert len(stored(database)) == 4


def test_a_session_file_of_the_same_id_doubles_nothing(database: PersistDb, model: Any) -> None:
    on_file = Agent(name="A", llm="gpt-4o-mini", memory={"session_id": "s", "user_id": "user"})
    on_file.chat("My name is Bob")
    run(new_agent(database), "chat", "My name is Alice")
    run(new_agent(database), "chat", "What is my name?")
    assert [message[1] for message in seen(model)] == [
        "My name is Alice",
        "echo: My name is Alice",
        "What is my name?",
    ]


def test_agents_that_share_a_session_keep_their_names(database: PersistDb, model: Any) -> None:
    for name in ("Ann", "Bob"):
        run(new_agent(database, name=name), "chat", f"I ask {name}")
    messages = database.export_session("s")["messages"]
    assert [message["metadata"]["agent_name"] for message in messages] == ["Ann", "Ann", "Bob", "Bob"]
    assert [message["content"] for message in messages] == [
        "I ask Ann",
        "echo: I ask Ann",
        "I ask Bob",
        "echo: I ask Bob",
    ]


def test_a_team_that_shares_a_session_stores_each_turn_once(database: PersistDb, model: Any) -> None:
    import praisonaiagents

    team = getattr(praisonaiagents, "AgentTeam", None) or praisonaiagents.PraisonAIAgents
    agents = [new_agent(database, name=name) for name in ("Ann", "Bob")]
    tasks = [
        praisonaiagents.Task(name=agent.name, description=f"Task of {agent.name}", expected_output="text", agent=agent)
        for agent in agents
    ]
    team(agents=agents, tasks=tasks, process="sequential").start()
    messages = database.export_session("s")["messages"]
    asked = [
        shape(message) for request in model.requests for message in request["messages"] if message["role"] == "user"
    ]
    assert [message["role"] for message in messages] == ["user", "assistant"] * 2
    assert [shape(message) for message in messages if message["role"] == "user"] == list(dict.fromkeys(asked))
    assert [message["metadata"]["agent_name"] for message in messages] == ["Ann", "Ann", "Bob", "Bob"]


def test_runs_end_as_the_client_says(database: PersistDb, model: Any) -> None:
    agent = new_agent(database)
    run(agent, "chat", "hi")
    [done] = database.get_runs("s")
    assert isinstance(done, DbRun)
    assert (done.input_content, done.agent_name) == ("hi", "A")
    if NEWEST:
        assert (done.status, done.output_content) == ("completed", "echo: hi")
        model.fail(20, status=400)
        run(agent, "chat", "broken")
        assert database.get_runs("s")[0].status == "error"
    else:
        assert done.status == "running"  # it reports no end


def test_the_clients_protocols_and_classes_are_met(database: PersistDb, model: Any) -> None:
    assert isinstance(database, DbAdapter)
    assert isinstance(AsyncPersistDb(database), AsyncDbAdapter)
    tool_turns = getattr(protocol, "ToolTurnDbAdapterProtocol", None)
    assert tool_turns is None or isinstance(database, tool_turns)
    run(new_agent(database), "chat", "hi")
    assert all(isinstance(message, DbMessage) for message in database.on_agent_start("B", "s"))


def test_memory_takes_the_database_itself(database: PersistDb, model: Any) -> None:
    agent = Agent(name="A", llm="gpt-4o-mini", memory=database)
    agent.chat("hi")
    [session] = database.conversation_store.list_sessions()
    assert [message[1] for message in stored(database, session.session_id)] == ["hi", "echo: hi"]


def test_an_outage_at_the_first_turn_is_made_good(
    database: PersistDb, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from praison_persist.errors import UnavailableError

    def away(*args: Any) -> Any:
        raise UnavailableError("the server does not answer")

    agent = new_agent(database)
    with monkeypatch.context() as patch:
        patch.setattr(database.conversation_store, "get_session", away)
        agent.chat("one")
        assert database.status().state == "queueing"
    agent.chat("two")
    assert database.flush(30)
    assert [message[1] for message in stored(database)] == ["one", "echo: one", "two", "echo: two"]


def test_two_event_loops_and_a_blocking_call_share_an_agent(database: PersistDb, model: Any) -> None:
    agent = new_agent(database)
    asyncio.run(agent.achat("one"))
    agent.chat("two")
    asyncio.run(agent.achat("three"))
    expected = [text for word in ("one", "two", "three") for text in (word, f"echo: {word}")]
    if not NEWEST:  # it reports no question in achat
        expected = [text for text in expected if text not in ("one", "three")]
    assert [message[1] for message in stored(database)] == expected


KILLED = """
import sys, time
from praisonaiagents import Agent, MemoryConfig
from praison_persist_agents.adapter.factory import db
def weather(city: str) -> str:
    "The weather."
    time.sleep(0.02)
    return "sunny in " + city
database = db(sys.argv[1])
agent = Agent(name="A", llm="gpt-4o-mini", tools=[weather],
              memory=MemoryConfig(db=database, session_id="s", user_id="u"))
print("ready", flush=True)
for turn in range(1000):
    agent.chat('%d CALL weather {"city": "%d"}' % (turn, turn))
    print(turn, flush=True)
"""


@pytest.mark.parametrize("seconds", [0.3, 0.5, 0.7, 0.9, 1.1])
def test_a_killed_agent_keeps_its_acknowledged_turns(tmp_path: Path, model: Any, seconds: float) -> None:
    url = f"sqlite:///{tmp_path}/chats.db"
    with subprocess.Popen([sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        for line in program.stdout:
            if line == "ready\n":
                break
        time.sleep(seconds)
        program.kill()
        acknowledged = sum(
            line.strip().isdigit() for line in program.stdout.read().splitlines(keepends=True) if line.endswith("\n")
        )
    with db(url, history_limit=None) as database:
        roles = [message[0] for message in stored(database)]
        assert roles[: 4 * acknowledged] == ["user", "assistant", "tool", "assistant"] * acknowledged
        questions = [message[1] for message in stored(database) if message[0] == "user"]
        assert len(questions) == len(set(questions)) >= acknowledged
