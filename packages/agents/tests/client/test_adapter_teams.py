"""A team of the real client that shares one session of `db`: blocking, asynchronous, streaming, with and without tools.

And agents that reach their model through LiteLLM instead of the client's own OpenAI client.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import praisonaiagents
import pytest
from model_server import Call, Reply, text_of
from praisonaiagents import Agent, MemoryConfig, Task
from praisonaiagents.db import DbMessage

from praison_persist_agents.adapter.database import PersistDb
from praison_persist_agents.adapter.factory import db

NEWEST = "tool_call_id" in {field.name for field in dataclasses.fields(DbMessage)}
"""The older client shows resumed agents no tool turns, its teams do not stream, nor does its LiteLLM with tools."""

Shape = tuple[str, str, tuple[Any, ...], Any]


def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


def forecast(request: dict[str, Any]) -> Reply:
    """A model that asks for the weather in every city that is named as <City>, in parallel, and then tells it."""
    last = request["messages"][-1]
    if last["role"] == "tool":
        return Reply(f"told: {text_of(last)}")
    question = text_of(last)
    cities = re.findall(r"<(\w+)>", question)
    if cities and request.get("tools"):
        return Reply(calls=tuple(Call("weather", {"city": city}) for city in cities))
    return Reply(f"answer to {question[:40]!r}")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRAISONAI_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[PersistDb]:
    with db(f"sqlite:///{tmp_path}/chats.db") as adapter:
        yield adapter


def member(database: PersistDb, name: str, llm: Any = "gpt-4o-mini") -> Any:
    memory = MemoryConfig(db=database, session_id="team", user_id="user")
    return Agent(name=name, instructions=f"You are {name}.", llm=llm, memory=memory, tools=[weather])


def run_team(database: PersistDb, mode: str, tasks: dict[str, str]) -> None:
    kind = getattr(praisonaiagents, "AgentTeam", None) or praisonaiagents.PraisonAIAgents
    agents = {name: member(database, name) for name in tasks}
    options: dict[str, Any] = {}
    if mode == "stream":
        options["output"] = praisonaiagents.MultiAgentOutputConfig(stream=True)
    team = kind(
        agents=list(agents.values()),
        tasks=[
            Task(
                name=name,
                description=description,
                expected_output="text",
                agent=agents[name],
                async_execution=mode == "side by side",
            )
            for name, description in tasks.items()
        ],
        process="sequential",
        **options,
    )
    if mode in ("astart", "side by side"):
        asyncio.run(team.astart())
    else:
        team.start()


def shape(message: Any) -> Shape:
    calls = tuple(
        (call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls") or ()
    )
    return message["role"], (message.get("content") or "").strip(), calls, message.get("tool_call_id")


def stored(database: PersistDb, agent: str) -> list[Shape]:
    messages = database.export_session("team")["messages"]
    return [shape(message) for message in messages if message["metadata"]["agent_name"] == agent]


def seen(model: Any, agent: str) -> list[Shape]:
    """The turns of an agent as its model saw them: after the last question of its last request, and the answer."""
    of_agent = [request for request in model.requests if f"You are {agent}." in text_of(request["messages"][0])]
    messages = of_agent[-1]["messages"]
    last = max(number for number, message in enumerate(messages) if message["role"] == "user")
    return [*map(shape, messages[last:]), ("assistant", model.answer(of_agent[-1]).text, (), None)]


@pytest.mark.parametrize("mode", ["start", "astart", *(["side by side", "stream"] if NEWEST else [])])
@pytest.mark.parametrize("cities", ["", "<Paris> <Rome>"], ids=["plain", "tools"])
def test_what_a_team_stores_is_what_its_models_saw(database: PersistDb, model: Any, mode: str, cities: str) -> None:
    model.answer = forecast
    run_team(database, mode, {"Ann": f"Look up {cities}", "Bob": f"Check {cities}"})
    total = 0
    for name in ("Ann", "Bob"):
        turn = seen(model, name)
        assert len(turn) == (5 if cities else 2)
        assert stored(database, name) == turn
        total += len(turn)
    assert len(database.export_session("team")["messages"]) == total

    member(database, "Eve").chat("What did they find?")  # another agent, as in another process
    shown = [shape(message) for message in model.messages if message["role"] != "system"]
    expected = [shape(message) for message in database.export_session("team")["messages"]][:-2]
    if not NEWEST:
        expected = [message for message in expected if message[0] != "tool" and not message[2]]
    assert shown == [*expected, ("user", "What did they find?", (), None)]


@pytest.mark.parametrize("mode", ["chat", *(["achat", "stream"] if NEWEST else [])])
def test_what_is_stored_through_litellm_is_what_the_model_saw(database: PersistDb, model: Any, mode: str) -> None:
    pytest.importorskip("litellm")
    model.answer = forecast
    llm = {"model": "hosted_vllm/small", "base_url": model.url, "api_key": "not-a-key"}
    agent = member(database, "Ann", llm)
    for question in ("My name is Alice", "Look up <Paris>"):
        if mode == "stream":
            list(agent.start(question, stream=True))
        elif mode == "achat":
            asyncio.run(agent.achat(question))
        else:
            agent.chat(question)
    turn = seen(model, "Ann")
    assert stored(database, "Ann")[-len(turn) :] == turn
    member(database, "Ann", llm).chat("What is my name?")
    assert any("My name is Alice" in text_of(message) for message in model.messages)
