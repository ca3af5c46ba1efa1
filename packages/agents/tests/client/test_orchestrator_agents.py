"""`wrap_agent_with_persistence` and `PersistentAgent` around real agents: what is stored is what the model saw."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import subprocess
import sys

import pytest
from model_server import Reply, echo, text_of
from praisonaiagents import Agent

from praison_persist import CONVERSATION_STORES
from praison_persist_agents.context import for_model
from praison_persist_agents.hooks import PersistentAgent, wrap_agent_with_persistence
from praison_persist_agents.orchestrator import PersistenceOrchestrator

NEWEST = importlib.metadata.version("praisonaiagents") != "1.7.0"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRAISONAI_HOME", str(tmp_path / "home"))


def look_up(word: str) -> str:
    """Look a word up."""
    return f"{word} means {word[::-1]}"


def make(**options):
    return Agent(name="Ada", instructions="Help.", llm="gpt-4o-mini", tools=[look_up], **options)


@pytest.fixture(params=["sqlite", "async_postgres"])
def orchestrator(request, tmp_path):
    if "postgres" in request.param:
        options = {
            "url": request.getfixturevalue("database_url"),
            "table_prefix": request.getfixturevalue("fresh_prefix"),
        }
    else:
        options = {"path": str(tmp_path / "c.db")}
    with PersistenceOrchestrator(CONVERSATION_STORES.create(request.param, **options)) as made:
        yield made


@pytest.fixture(params=[wrap_agent_with_persistence, PersistentAgent], ids=["wrapped", "beside"])
def persist(request):
    return request.param


def plain(messages):
    """Messages of the client or ours, comparable: no system prompt, arguments parsed, empty content as None."""
    shown = []
    for message in messages:
        if message["role"] == "system":
            continue
        entry = {"role": message["role"], "content": text_of(message) or None}
        if message.get("tool_calls"):
            entry["calls"] = [
                (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
                for call in message["tool_calls"]
            ]
        if message.get("tool_call_id"):
            entry["answers"] = message["tool_call_id"]
        shown.append(entry)
    return shown


def stored(orchestrator, session_id="s"):
    return plain(for_model(orchestrator.get_messages(session_id)))


RUNS = {
    "chat": lambda agent, text: agent.chat(text),
    "achat": lambda agent, text: asyncio.run(agent.achat(text)),
    "start": lambda agent, text: agent.start(text),
    "astart": lambda agent, text: asyncio.run(agent.astart(text)),
    "stream": lambda agent, text: "".join(agent.start(text, stream=True)),
    "iter_stream": lambda agent, text: "".join(agent.iter_stream(text)),
}
TOOLS = 'CALL look_up {"word": "abc"}; look_up {"word": "xyz"}'


@pytest.mark.parametrize("run", RUNS)
def test_what_is_stored_is_what_the_model_saw_and_said(persist, orchestrator, model, run):
    agent = persist(make(), orchestrator, "s", "u")
    answer = RUNS[run](agent, "My name is Alice")
    assert answer == "echo: My name is Alice"
    assert stored(orchestrator) == [*plain(model.messages), {"role": "assistant", "content": answer}]
    RUNS[run](agent, "again")
    assert stored(orchestrator)[:-1] == plain(model.messages)
    assert len(stored(orchestrator)) == 4


@pytest.mark.parametrize("run", ["chat", "achat", "start", "astart"])
def test_tool_turns_are_stored_as_the_model_saw_them(persist, orchestrator, model, run):
    agent = persist(make(), orchestrator, "s")
    answer = RUNS[run](agent, TOOLS)
    saw = plain(model.messages)
    assert [message["role"] for message in saw] == ["user", "assistant", "tool", "tool"]
    assert stored(orchestrator) == [*saw, {"role": "assistant", "content": answer}]


@pytest.mark.parametrize("run", ["stream", "iter_stream"])
def test_tool_turns_of_streams_are_stored_with_the_text_beside_the_call(persist, orchestrator, model, run):
    def answer(request):
        reply = echo(request)
        return Reply("Let me see.", reply.calls) if reply.calls else reply

    model.answer = answer
    agent = persist(make(), orchestrator, "s")
    yielded = RUNS[run](agent, 'CALL look_up {"word": "abc"}')
    kept = stored(orchestrator)
    assert [message["role"] for message in kept][:3] == ["user", "assistant", "tool"]
    assert kept[1]["content"] == "Let me see."
    assert kept[1]["calls"][0][1:] == ("look_up", {"word": "abc"})
    assert "abc means cba" in kept[2]["content"]
    if NEWEST:  # 1.7.0 ends the stream after the tools
        assert kept[:3] == plain(model.messages)
        assert yielded == "Let me see." + kept[3]["content"]
    else:
        assert (yielded, len(kept)) == ("Let me see.", 3)


def test_a_stream_that_is_left_early_stores_what_was_yielded(persist, orchestrator, model):
    agent = persist(make(), orchestrator, "s")
    chunks = agent.start("a long question to be echoed", stream=True)
    text = ""
    while len(text) < 8:
        text += next(chunks)
    chunks.close()
    assert stored(orchestrator) == [
        {"role": "user", "content": "a long question to be echoed"},
        {"role": "assistant", "content": text},
    ]


def test_a_second_process_resumes_with_tool_calls_and_results(persist, tmp_path, model):
    program = (
        "import sys\n"
        "from praisonaiagents import Agent\n"
        "from praison_persist import CONVERSATION_STORES\n"
        "from praison_persist_agents.hooks import wrap_agent_with_persistence\n"
        "from praison_persist_agents.orchestrator import PersistenceOrchestrator\n"
        "def look_up(word: str) -> str:\n"
        "    'Look a word up.'\n"
        "    return word[::-1]\n"
        "o = PersistenceOrchestrator(CONVERSATION_STORES.create('sqlite', path=sys.argv[1]))\n"
        "agent = Agent(name='Ada', instructions='Help.', llm='gpt-4o-mini', tools=[look_up])\n"
        "agent = wrap_agent_with_persistence(agent, o, 's')\n"
        "agent.chat('My name is Alice')\n"
        'agent.chat(\'CALL look_up {"word": "abc"}\')\n'
    )
    path = str(tmp_path / "c.db")
    subprocess.run([sys.executable, "-c", program, path], check=True, timeout=120, capture_output=True)
    first = plain(model.messages)
    with PersistenceOrchestrator(CONVERSATION_STORES.create("sqlite", path=path)) as orchestrator:
        agent = persist(make(), orchestrator, "s")
        agent.chat("What is my name?")
        saw = plain(model.messages)
        assert saw[: len(first)] == first
        assert saw[0] == {"role": "user", "content": "My name is Alice"}
        assert saw[-1] == {"role": "user", "content": "What is my name?"}
        assert stored(orchestrator)[:-1] == saw


def test_agents_that_share_a_session_store_each_turn_once_under_their_name(tmp_path, model):
    with PersistenceOrchestrator(CONVERSATION_STORES.create("sqlite", path=str(tmp_path / "c.db"))) as orchestrator:
        for name in ("Ada", "Bob"):
            agent = Agent(name=name, instructions="Help.", llm="gpt-4o-mini")
            wrap_agent_with_persistence(agent, orchestrator, "shared").chat(f"I am {name}")
        messages = orchestrator.get_messages("shared")
        assert [(m.metadata["agent_name"], m.role, m.content) for m in messages] == [
            ("Ada", "user", "I am Ada"),
            ("Ada", "assistant", "echo: I am Ada"),
            ("Bob", "user", "I am Bob"),
            ("Bob", "assistant", "echo: I am Bob"),
        ]
        assert stored(orchestrator, "shared")[:-1] == plain(model.messages)


def test_a_team_of_wrapped_agents_stores_each_task_once(tmp_path, model):
    from praisonaiagents import AgentTeam, Task

    with PersistenceOrchestrator(CONVERSATION_STORES.create("sqlite", path=str(tmp_path / "c.db"))) as orchestrator:
        agents = [
            wrap_agent_with_persistence(Agent(name=name, instructions="Help.", llm="gpt-4o-mini"), orchestrator, "team")
            for name in ("Ada", "Bob")
        ]
        tasks = [Task(description=f"Task of {agent.name}", agent=agent, expected_output="text") for agent in agents]
        AgentTeam(agents=agents, tasks=tasks, process="sequential").start()
        messages = orchestrator.get_messages("team")
        assert [(m.metadata["agent_name"], m.role) for m in messages] == [
            ("Ada", "user"), ("Ada", "assistant"), ("Bob", "user"), ("Bob", "assistant"),
        ]  # fmt: skip
        assert "Task of Ada" in messages[0].content


def test_when_the_model_fails_the_question_is_kept_and_no_answer_made_up(tmp_path, model):
    with PersistenceOrchestrator(CONVERSATION_STORES.create("sqlite", path=str(tmp_path / "c.db"))) as orchestrator:
        agent = wrap_agent_with_persistence(make(), orchestrator, "s")
        model.fail(20, status=400)
        assert agent.chat("hi") is None
        assert stored(orchestrator) == [{"role": "user", "content": "hi"}]


# -- async-conversation-store.txt, quick start


def test_the_documents_agent_with_an_async_store(database_url, fresh_prefix, model):
    """The document gives the store to ``Agent(conversation_store=…)``, which no client takes; the nearest form."""
    from praison_persist_agents.bridge import activate, deactivate

    store = CONVERSATION_STORES.create("async_postgres", url=database_url, table_prefix=fresh_prefix)
    with pytest.raises(TypeError, match="conversation_store"):
        Agent(name="Assistant", instructions="Help users with their tasks", conversation_store=store)

    async def main():
        async with PersistenceOrchestrator(conversation_store=store) as orchestrator:
            agent = Agent(name="Assistant", instructions="Help users with their tasks", llm="gpt-4o-mini")
            agent = wrap_agent_with_persistence(agent, orchestrator, session_id="s")
            result = await agent.astart("Hello, how are you?")
            return result, await orchestrator.aget_messages("s")

    result, messages = asyncio.run(main())
    assert result == "echo: Hello, how are you?"
    assert [m.content for m in messages] == ["Hello, how are you?", result]

    # its import path is missing in the client, and activation does not touch an installed client
    assert activate(session_store=object()).refused
    try:
        with pytest.raises(ImportError):
            from praisonai.persistence.conversation import AsyncPostgresConversationStore  # noqa: F401
    finally:
        deactivate()


# -- persistence-overview.txt


def test_the_overviews_memory_true_keeps_a_file_and_the_nearest_form_keeps_the_conversation(tmp_path, model):
    """The document says that ``memory=True`` stores in SQLite; clients keep facts in files, and no conversation."""
    Agent(name="A", instructions="Help.", llm="gpt-4o-mini", memory=True).chat("hi")
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".db", ".sqlite", ".sqlite3")]
    with PersistenceOrchestrator(
        CONVERSATION_STORES.create("sqlite", path=str(tmp_path / "agents.db"))
    ) as orchestrator:
        agent = Agent(name="A", instructions="Help.", llm="gpt-4o-mini", memory=True)
        wrap_agent_with_persistence(agent, orchestrator, "s").chat("hi")
        assert [m.content for m in orchestrator.get_messages("s")] == ["hi", "echo: hi"]
