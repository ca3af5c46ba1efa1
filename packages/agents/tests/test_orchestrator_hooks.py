"""`wrap_agent_with_persistence` and its kin, on an agent that calls tools as PraisonAI's does."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading

import pytest

from praison_persist import CONVERSATION_STORES, ConversationMessage, UnavailableError
from praison_persist_agents.hooks import PersistentAgent, create_persistent_session, wrap_agent_with_persistence
from praison_persist_agents.orchestrator import PersistenceOrchestrator
from praison_persist_testkit.faults import exit_code_of


class Agent:
    """Asks for the tool calls in ``plan`` (one list per message of its model), then answers.

    ``numbered`` is whether tool executors that accept it are told the number of the model's message.
    """

    def __init__(self, plan=(), answer="done", numbered=True):
        self.name = "Ada"
        self.instructions = "Be kind."
        self.chat_history = []
        self.plan = plan
        self.answer = answer
        self.numbered = numbered
        self.seen = None

    def execute_tool(self, function_name, arguments, tool_call_id=None):
        if function_name == "fail":
            raise ValueError("it failed")
        return {"sum": sum(arguments.values())} if function_name == "add" else None

    async def execute_tool_async(self, function_name, arguments, tool_call_id=None):
        return self.execute_tool(function_name, arguments, tool_call_id)

    def _extra(self, executor, step):
        accepts = getattr(executor, "_accepts_durable_iteration", False)
        return {"_durable_iteration_index": step} if accepts and self.numbered else {}

    def chat(self, prompt):
        self.seen = [dict(entry) for entry in self.chat_history]
        for step, calls in enumerate(self.plan):
            for name, arguments, call_id in calls:
                self.execute_tool(name, arguments, call_id, **self._extra(self.execute_tool, step))
        self.chat_history += [{"role": "user", "content": prompt}, {"role": "assistant", "content": self.answer}]
        return self.answer

    async def achat(self, prompt):
        self.seen = [dict(entry) for entry in self.chat_history]
        for step, calls in enumerate(self.plan):
            for name, arguments, call_id in calls:
                await self.execute_tool_async(name, arguments, call_id, **self._extra(self.execute_tool_async, step))
        return self.answer

    def start(self, prompt=None, stream=False):
        return self.iter_stream(prompt) if stream else self.chat(prompt or self.instructions)

    async def astart(self, prompt=None):
        return await self.achat(prompt)

    def iter_stream(self, prompt):
        for calls in self.plan:
            yield "let me "
            yield "see"
            for name, arguments, call_id in calls:
                self.execute_tool(name, arguments, call_id)
        yield from self.answer


class Chatterbox:
    """The least that can be wrapped."""

    def chat(self, prompt):
        return f"echo: {prompt}"


@pytest.fixture
def orchestrator():
    with PersistenceOrchestrator(CONVERSATION_STORES.create("memory")) as made:
        yield made


@pytest.fixture(params=[wrap_agent_with_persistence, PersistentAgent], ids=["wrapped", "beside"])
def persist(request):
    return request.param


def stored(orchestrator, session_id="s"):
    """Role and content, calls as their ids, results as (id, content)."""
    return [
        (m.role, [call["id"] for call in m.tool_calls])
        if m.tool_calls
        else (m.role, (m.tool_call_id, m.content) if m.tool_call_id else m.content)
        for m in orchestrator.get_messages(session_id)
    ]


RUNS = {
    "chat": lambda agent, text: agent.chat(text),
    "chat by name": lambda agent, text: agent.chat(prompt=text),
    "achat": lambda agent, text: asyncio.run(agent.achat(text)),
    "start": lambda agent, text: agent.start(text),
    "astart": lambda agent, text: asyncio.run(agent.astart(text)),
    "stream": lambda agent, text: "".join(agent.start(text, stream=True)),
    "iter_stream": lambda agent, text: "".join(agent.iter_stream(text)),
}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_every_way_to_run_stores_one_question_and_one_answer(persist, orchestrator, run):
    agent = persist(Agent(), orchestrator, "s", "u")
    assert run(agent, "hi") == "done"
    assert run(agent, "again") == "done"
    assert stored(orchestrator) == [("user", "hi"), ("assistant", "done"), ("user", "again"), ("assistant", "done")]
    session = agent.get_session()
    assert (session.user_id, session.agent_id) == ("u", "Ada")
    assert {m.metadata["agent_name"] for m in agent.get_messages()} == {"Ada"}


PLAN = [[("add", {"a": 1, "b": 2}, "c1"), ("add", {"a": 3, "b": 4}, "c2")], [("nothing", {}, "c3")]]


@pytest.mark.parametrize("run", [RUNS["chat"], RUNS["achat"]], ids=["chat", "achat"])
def test_tool_turns_are_stored_as_the_model_asked_for_them(persist, orchestrator, run):
    run(persist(Agent(PLAN), orchestrator, "s"), "hi")
    assert stored(orchestrator) == [
        ("user", "hi"),
        ("assistant", ["c1", "c2"]),
        ("tool", ("c1", '{"sum": 3}')),
        ("tool", ("c2", '{"sum": 7}')),
        ("assistant", ["c3"]),
        ("tool", ("c3", "Function returned an empty output")),
        ("assistant", "done"),
    ]
    call = orchestrator.get_messages("s")[1].tool_calls[0]
    assert (call["type"], call["function"]["name"]) == ("function", "add")
    assert json.loads(call["function"]["arguments"]) == {"a": 1, "b": 2}


def test_without_numbers_calls_one_after_the_other_are_groups_of_their_own(orchestrator):
    wrap_agent_with_persistence(Agent(PLAN, numbered=False), orchestrator, "s").chat("hi")
    assert [role for role, _ in stored(orchestrator)] == ["user", *["assistant", "tool"] * 3, "assistant"]


def test_calls_that_run_at_the_same_time_are_one_group(orchestrator):
    class Parallel(Agent):
        def __init__(self):
            super().__init__()
            self.barrier = threading.Barrier(2)

        def execute_tool(self, function_name, arguments, tool_call_id=None):
            self.barrier.wait(30)
            return tool_call_id

        def chat(self, prompt):
            threads = [threading.Thread(target=self.execute_tool, args=("t", {}, call_id)) for call_id in ("a", "b")]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
            return "done"

    wrap_agent_with_persistence(Parallel(), orchestrator, "s").chat("hi")
    roles = [role for role, _ in stored(orchestrator)]
    assert roles == ["user", "assistant", "tool", "tool", "assistant"]


def test_a_tool_that_calls_itself_through_the_other_method_is_one_call(orchestrator):
    class Nested(Agent):
        async def execute_tool_async(self, function_name, arguments, tool_call_id=None):
            return self.execute_tool(function_name, arguments, tool_call_id)

    asyncio.run(wrap_agent_with_persistence(Nested(PLAN[:1]), orchestrator, "s").achat("hi"))
    assert [role for role, _ in stored(orchestrator)] == ["user", "assistant", "tool", "tool", "assistant"]


def test_a_tool_that_fails_is_stored_with_its_error_and_the_error_goes_on(persist, orchestrator):
    agent = persist(Agent([[("fail", {}, "c1")]]), orchestrator, "s")
    with pytest.raises(ValueError, match="it failed"):
        agent.chat("hi")
    assert stored(orchestrator) == [("user", "hi"), ("assistant", ["c1"]), ("tool", ("c1", '{"error": "it failed"}'))]


def test_tools_outside_a_turn_are_not_stored(persist, orchestrator):
    agent = persist(Agent(), orchestrator, "s")
    assert agent.execute_tool("add", {"a": 1}, "c") == {"sum": 1}
    assert asyncio.run(agent.execute_tool_async("add", {"a": 1}, "c")) == {"sum": 1}
    assert stored(orchestrator) == []


@pytest.mark.parametrize("run", ["stream", "iter_stream"])
def test_a_stream_stores_what_was_yielded_when_the_consumer_stops_early(persist, orchestrator, run):
    agent = persist(Agent(answer="one two three"), orchestrator, "s")
    chunks = agent.start("hi", stream=True) if run == "stream" else agent.iter_stream("hi")
    assert "".join(next(chunks) for _ in range(3)) == "one"
    chunks.close()
    assert stored(orchestrator) == [("user", "hi"), ("assistant", "one")]


def test_a_stream_that_nobody_reads_stores_no_answer_and_does_not_catch_later_tools(orchestrator):
    agent = wrap_agent_with_persistence(Agent(), orchestrator, "s")
    agent.start("never read", stream=True)
    assert stored(orchestrator) == []
    beside = PersistentAgent(Agent(PLAN[1:]), orchestrator, "t")
    beside.start("never read", stream=True)
    beside.chat("hi")
    assert [role for role, _ in stored(orchestrator, "t")][-4:] == ["user", "assistant", "tool", "assistant"]


def test_a_stream_with_tools_keeps_text_calls_and_results_in_order(persist, orchestrator):
    agent = persist(Agent(PLAN[:1], numbered=False), orchestrator, "s")
    assert "".join(agent.start("hi", stream=True)) == "let me seedone"
    messages = orchestrator.get_messages("s")
    assert [(m.role, m.content) for m in messages] == [
        ("user", "hi"),
        ("assistant", "let me see"),
        ("tool", '{"sum": 3}'),
        ("assistant", None),
        ("tool", '{"sum": 7}'),
        ("assistant", "done"),
    ]


def test_tool_messages_that_the_agent_keeps_itself_are_taken_as_they_are(orchestrator):
    class Keeps(Agent):
        def iter_stream(self, prompt):
            yield "hm"
            call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
            self.chat_history.append({"role": "assistant", "content": "hm", "tool_calls": [call]})
            self.execute_tool("add", {"a": 1}, "c1")
            self.chat_history.append({"role": "tool", "tool_call_id": "c1", "content": "{'sum': 1}"})
            yield "done"

    assert list(wrap_agent_with_persistence(Keeps(), orchestrator, "s").iter_stream("hi")) == ["hm", "done"]
    messages = orchestrator.get_messages("s")
    assert messages[1].tool_calls[0]["function"]["arguments"] == '{"a":1}'
    assert messages[2].content == "{'sum': 1}"


def test_an_async_stream_is_stored_too(persist, orchestrator):
    class Streams(Agent):
        async def astart(self, prompt=None):
            async def chunks():
                for piece in ("one ", "two ", "three"):
                    yield piece

            return chunks()

    async def read(agent, limit):
        chunks = await agent.astart("hi")
        seen = []
        async for chunk in chunks:
            seen.append(chunk)
            if len(seen) == limit:
                break
        await chunks.aclose()
        return seen

    agent = persist(Streams(), orchestrator, "s")
    assert asyncio.run(read(agent, 9)) == ["one ", "two ", "three"]
    assert asyncio.run(read(agent, 1)) == ["one "]
    assert stored(orchestrator) == [
        ("user", "hi"),
        ("assistant", "one two three"),
        ("user", "hi"),
        ("assistant", "one "),
    ]


def test_another_process_resumes_with_tool_ids(persist, tmp_path):
    program = (
        "import sys\n"
        "from praison_persist import CONVERSATION_STORES, ConversationMessage as M\n"
        "from praison_persist_agents.orchestrator import PersistenceOrchestrator\n"
        "o = PersistenceOrchestrator(CONVERSATION_STORES.create('sqlite', path=sys.argv[1]))\n"
        "o.on_messages('s', [M(role='user', content='My name is Alice'),\n"
        "    M(role='assistant', content=None, tool_calls=[{'id': 'c', 'type': 'function', 'function': {}}]),\n"
        "    M(role='tool', content='4', tool_call_id='c'), M(role='assistant', content='Hello Alice')])\n"
    )
    path = str(tmp_path / "c.db")
    subprocess.run([sys.executable, "-c", program, path], check=True, timeout=60)
    with PersistenceOrchestrator(CONVERSATION_STORES.create("sqlite", path=path)) as orchestrator:
        agent = Agent()
        persist(agent, orchestrator, "s").chat("What is my name?")
        assert agent.seen == [
            {"role": "user", "content": "My name is Alice"},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function", "function": {}}]},
            {"role": "tool", "content": "4", "tool_call_id": "c"},
            {"role": "assistant", "content": "Hello Alice"},
        ]
        fresh = Agent()
        persist(fresh, orchestrator, "s", auto_resume=False).chat("And now?")
        assert fresh.seen == []
        assert len(orchestrator.get_messages("s")) == 8


def test_an_agent_without_tools_streams_and_history_is_enough(persist, orchestrator):
    agent = persist(Chatterbox(), orchestrator)
    assert agent.chat("hi") == "echo: hi"
    assert [(m.role, m.content) for m in agent.get_messages()] == [("user", "hi"), ("assistant", "echo: hi")]


def test_two_agents_share_a_session_and_calls_of_one_inside_the_other_are_kept_apart(orchestrator):
    inner = wrap_agent_with_persistence(Agent(PLAN[1:], answer="inner"), orchestrator, "inner")

    class Outer(Agent):
        def execute_tool(self, function_name, arguments, tool_call_id=None):
            return inner.chat("from outside")

    wrap_agent_with_persistence(Outer([[("ask", {}, "o1")]], answer="outer"), orchestrator, "outer").chat("hi")
    assert stored(orchestrator, "outer") == [
        ("user", "hi"), ("assistant", ["o1"]), ("tool", ("o1", '"inner"')), ("assistant", "outer"),
    ]  # fmt: skip
    assert [role for role, _ in stored(orchestrator, "inner")] == ["user", "assistant", "tool", "assistant"]


def test_turns_of_one_agent_at_the_same_time_keep_their_tools(orchestrator):
    class Slow(Agent):
        async def achat(self, prompt):
            await asyncio.sleep(0.01)
            await self.execute_tool_async("add", {"a": 1}, f"call-{prompt}")
            await asyncio.sleep(0.01)
            return f"answer {prompt}"

    agent = wrap_agent_with_persistence(Slow(), orchestrator, "s")

    async def both():
        await asyncio.gather(*(agent.achat(str(number)) for number in range(5)))

    asyncio.run(both())
    messages = orchestrator.get_messages("s")
    assert len(messages) == 20
    for number in range(5):
        position = next(i for i, m in enumerate(messages) if m.tool_calls and m.tool_calls[0]["id"] == f"call-{number}")
        assert messages[position + 1].tool_call_id == f"call-{number}"
        assert messages[position + 2].content == f"answer {number}"


def test_wrapping_again_moves_the_agent_and_stores_nothing_twice(orchestrator):
    agent = Agent()
    wrap_agent_with_persistence(agent, orchestrator, "first").chat("one")
    wrap_agent_with_persistence(agent, orchestrator, "second").chat("two")
    assert len(orchestrator.get_messages("first")) == len(orchestrator.get_messages("second")) == 2


def test_beside_an_agent_its_own_methods_store_nothing_and_everything_else_is_its_own(orchestrator):
    agent = Agent()
    beside = PersistentAgent(agent, orchestrator, "s")
    agent.chat("not stored")
    assert stored(orchestrator) == []
    assert (beside.name, beside.session_id) == ("Ada", "s")
    with pytest.raises(AttributeError):
        _ = beside.nothing_like_that


def test_structured_answers_parts_and_missing_prompts_are_stored(persist, orchestrator):
    class Model:
        def model_dump_json(self):
            return '{"a": 1}'

    agent = persist(Agent(answer=Model()), orchestrator, "s")
    agent.chat([{"type": "text", "text": "hi"}])
    agent.start()
    contents = [m.content for m in orchestrator.get_messages("s")]
    assert contents == [[{"type": "text", "text": "hi"}], '{"a": 1}', "Be kind.", '{"a": 1}']


def test_no_answer_stores_the_question_only(persist, orchestrator):
    assert persist(Agent(answer=None), orchestrator, "s").chat("hi") is None
    assert stored(orchestrator) == [("user", "hi")]


class Fails:
    """A memory store that can be told to fail."""

    def __init__(self):
        self.inner = CONVERSATION_STORES.create("memory")
        self.down = False

    def __getattr__(self, name):
        if self.down and name.startswith("add_"):

            def unavailable(*args):
                raise UnavailableError("down")

            return unavailable
        return getattr(self.inner, name)


def test_when_the_store_is_down_the_model_is_not_asked():
    store = Fails()
    orchestrator = PersistenceOrchestrator(store)
    agent = Agent()
    wrapped = wrap_agent_with_persistence(agent, orchestrator, "s")
    store.down = True
    with pytest.raises(UnavailableError):
        wrapped.chat("hi")
    assert agent.seen is None
    store.down = False
    wrapped.chat("again")
    assert stored(orchestrator) == [("user", "again"), ("assistant", "done")]


def test_a_store_that_is_down_while_tools_run_fails_no_tool_and_loses_none_of_them(caplog):
    store = Fails()
    orchestrator = PersistenceOrchestrator(store)

    class Outage(Agent):
        def execute_tool(self, function_name, arguments, tool_call_id=None):
            store.down = tool_call_id == "c1"
            return tool_call_id

    plan = [[("t", {}, call_id)] for call_id in ("c1", "c2", "c3")]
    wrap_agent_with_persistence(Outage(plan), orchestrator, "s").chat("hi")
    assert stored(orchestrator) == [
        ("user", "hi"),
        ("assistant", ["c1"]), ("tool", ("c1", '"c1"')),
        ("assistant", ["c2"]), ("tool", ("c2", '"c2"')),
        ("assistant", ["c3"]), ("tool", ("c3", '"c3"')),
        ("assistant", "done"),
    ]  # fmt: skip
    assert "kept in memory" in caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_process_killed_inside_a_tool_leaves_no_call_without_its_result(tmp_path):
    path = str(tmp_path / "c.db")

    class Killed(Agent):
        def execute_tool(self, function_name, arguments, tool_call_id=None):
            if tool_call_id == "c3":
                os._exit(9)
            return 1

    child = os.fork()
    if child == 0:
        orchestrator = PersistenceOrchestrator(CONVERSATION_STORES.create("sqlite", path=path))
        wrap_agent_with_persistence(Killed([[("t", {}, c)] for c in ("c1", "c2", "c3")]), orchestrator, "s").chat("hi")
        os._exit(0)
    assert exit_code_of(child) == 9
    with PersistenceOrchestrator(CONVERSATION_STORES.create("sqlite", path=path)) as orchestrator:
        assert stored(orchestrator) == [
            ("user", "hi"),
            ("assistant", ["c1"]), ("tool", ("c1", "1")),
            ("assistant", ["c2"]), ("tool", ("c2", "1")),
        ]  # fmt: skip


def test_the_end_of_a_session_is_noted_sync_and_async(persist, orchestrator):
    agent = persist(Agent(), orchestrator, "s")
    agent.chat("hi")
    agent.end_session({"cost": 1})
    asyncio.run(agent.aend_session({"summary": "x"}))
    metadata = agent.get_session().metadata
    assert (metadata["cost"], metadata["summary"]) == (1, "x")


def test_a_persistent_session_is_created_filled_and_loaded_again(orchestrator):
    with create_persistent_session(orchestrator, "mine", "u") as session:
        session.persist_message("user", "Hello!")
        session.persist_message("assistant", None, tool_calls=[{"id": "c"}])
    assert session.get_session().user_id == "u"

    async def again():
        async with create_persistent_session(orchestrator, "mine") as opened:
            await opened.apersist_message("tool", "4", tool_call_id="c")
            return opened.get_messages(2)

    assert [m.tool_call_id for m in asyncio.run(again())] == [None, "c"]
    assert [m.content for m in session.start()] == ["Hello!", None, "4"]
    assert isinstance(session.get_messages(1)[0], ConversationMessage)
