"""The asynchronous half: the loop stays free, stores of both kinds serve both kinds of callers, from anywhere."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from types import SimpleNamespace

import pytest

from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES, ConversationStore, KnowledgeDocument
from praison_persist_agents.orchestrator import PersistenceOrchestrator
from praison_persist_testkit.faults import exit_code_of

AGENT = SimpleNamespace(name="Ada")
SLEEP = 0.5


class Sleepy(ConversationStore):
    """A synchronous store that takes half a second for everything."""

    backend = "sleepy"

    def __init__(self):
        self._inner = CONVERSATION_STORES.create("memory")
        self.threads = set()


for _name in sorted({*ConversationStore.__abstractmethods__, "add_messages", "upsert_session"}):

    def _slow(self, *args, _name=_name, **kwargs):
        self.threads.add(threading.current_thread())
        time.sleep(SLEEP)
        return getattr(self._inner, _name)(*args, **kwargs)

    setattr(Sleepy, _name, _slow)
Sleepy.__abstractmethods__ = frozenset()


async def longest_gap(work):
    """The longest time that the loop did not answer while this ran, in seconds."""
    longest, running = 0.0, True

    async def beat():
        nonlocal longest
        last = time.perf_counter()
        while running:
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    heart = asyncio.create_task(beat())
    await asyncio.sleep(0.02)
    await work
    running = False
    await heart
    return longest


def test_async_hooks_never_block_the_loop_with_a_sync_store(record_property):
    async def life(store):
        orchestrator = PersistenceOrchestrator(store)
        await orchestrator.aon_agent_start(AGENT, "s", "u")
        await orchestrator.aon_message("s", "user", "hi")
        await orchestrator.aon_agent_end(AGENT, "s", {"a": 1})
        await orchestrator.abuild_context("s")
        await orchestrator.aclose()

    noise = asyncio.run(longest_gap(asyncio.sleep(1.0)))  # of the machine: nothing of ours runs
    gaps = []
    while len(gaps) < 3 and min(gaps, default=1.0) >= 0.05:
        store = Sleepy()
        gaps.append(asyncio.run(longest_gap(life(store))))
        assert store.threads, "the store was not asked"
        assert threading.current_thread() not in store.threads  # where the loop runs
    record_property("longest_gaps_seconds", gaps)
    record_property("longest_gap_of_an_idle_loop_seconds", noise)
    assert min(gaps) < 0.05 + noise


def test_async_hooks_of_many_sessions_wait_at_the_same_time():
    async def life():
        orchestrator = PersistenceOrchestrator(Sleepy())
        began = time.perf_counter()
        await asyncio.gather(*(orchestrator.aget_session(str(number)) for number in range(8)))
        return time.perf_counter() - began

    assert asyncio.run(life()) < 8 * SLEEP / 2


@pytest.mark.parametrize("backend", ["memory", "sqlite", "async_sqlite"])
def test_every_method_has_a_coroutine_that_does_the_same(backend, tmp_path):
    options = {} if backend == "memory" else {"path": str(tmp_path / "c.db")}

    async def life():
        async with PersistenceOrchestrator(
            CONVERSATION_STORES.create(backend, **options),
            KNOWLEDGE_STORES.create("memory"),
            STATE_STORES.create("memory"),
        ) as orchestrator:
            assert await orchestrator.aon_agent_start(AGENT, "s", "u") == []
            message = await orchestrator.aon_message("s", "user", "hi", metadata={"a": 1}, message_id="m")
            assert message.id == "m"
            assert [m.content for m in await orchestrator.aon_agent_start(AGENT, "s")] == ["hi"]
            await orchestrator.aon_agent_end(AGENT, "s", {"done": True})
            assert (await orchestrator.aget_session("s")).metadata["done"]
            assert [s.session_id for s in await orchestrator.alist_sessions("u")] == ["s"]
            assert len(await orchestrator.aget_messages("s", 5)) == 1
            assert await orchestrator.aadd_knowledge(
                [KnowledgeDocument(id="d", content="D", embedding=[1.0, 0.0])]
            ) == ["d"]
            assert [d.id for d in await orchestrator.aretrieve_knowledge([1.0, 0.0])] == ["d"]
            await orchestrator.aset_state("k", 1)
            assert await orchestrator.aget_state("k") == 1
            assert await orchestrator.adelete_state("k")
            context = await orchestrator.abuild_context("s", [1.0, 0.0])
            assert (context["history"], context["knowledge"][0]["id"]) == ([{"role": "user", "content": "hi"}], "d")
            assert await orchestrator.adelete_session("s")
        await orchestrator.aclose()

    asyncio.run(life())


@pytest.mark.parametrize("backend", ["sqlite", "async_sqlite"])
def test_one_orchestrator_serves_two_loops_sync_code_and_code_inside_a_loop(backend, tmp_path):
    orchestrator = PersistenceOrchestrator(CONVERSATION_STORES.create(backend, path=str(tmp_path / "c.db")))

    async def one(text):
        await orchestrator.aon_message("s", "user", text)

    async def inside():
        orchestrator.on_message("s", "user", "sync inside")
        await orchestrator.aon_message("s", "user", "async inside")

    asyncio.run(one("first"))
    asyncio.run(one("second"))
    orchestrator.on_message("s", "user", "sync")
    asyncio.run(inside())
    assert [m.content for m in orchestrator.get_messages("s")] == [
        "first",
        "second",
        "sync",
        "sync inside",
        "async inside",
    ]
    orchestrator.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("backend", ["sqlite", "async_sqlite"])
def test_after_a_fork_both_processes_go_on(backend, tmp_path):
    orchestrator = PersistenceOrchestrator(CONVERSATION_STORES.create(backend, path=str(tmp_path / "c.db")))
    orchestrator.on_message("s", "user", "before")
    asyncio.run(orchestrator.aon_message("s", "user", "before, async"))
    child = os.fork()
    if child == 0:
        try:
            orchestrator.on_message("s", "user", "child")
            asyncio.run(orchestrator.aon_message("s", "user", "child, async"))
        except BaseException:
            os._exit(1)
        os._exit(0)
    assert exit_code_of(child) == 0
    orchestrator.on_message("s", "user", "parent")
    assert [m.content for m in orchestrator.get_messages("s")] == [
        "before", "before, async", "child", "child, async", "parent",
    ]  # fmt: skip
    orchestrator.close()


def test_tasks_that_start_one_new_session_at_once_all_succeed(tmp_path):
    async def life():
        async with PersistenceOrchestrator(
            CONVERSATION_STORES.create("async_sqlite", path=str(tmp_path / "c.db"))
        ) as orchestrator:
            await asyncio.gather(*(orchestrator.aon_agent_start(AGENT, "s") for _ in range(8)))
            await asyncio.gather(*(orchestrator.aon_message("s", "user", str(n)) for n in range(8)))
            return sorted(m.content for m in await orchestrator.aget_messages("s"))

    assert asyncio.run(life()) == list("01234567")


def test_postgresql_serves_sync_and_async_hooks_alike(database_url, fresh_prefix):
    async def life(orchestrator):
        await orchestrator.aon_message("s", "user", "async")
        orchestrator.on_message("s", "user", "sync inside")
        await orchestrator.aon_agent_end(AGENT, "s", {"a": 1})

    for backend in ("postgres", "async_postgres"):
        with PersistenceOrchestrator(
            CONVERSATION_STORES.create(backend, url=database_url, table_prefix=f"{fresh_prefix}{backend}_")
        ) as orchestrator:
            orchestrator.on_agent_start(AGENT, "s")
            asyncio.run(life(orchestrator))
            orchestrator.on_message("s", "user", "sync")
            assert [m.content for m in orchestrator.get_messages("s")] == ["async", "sync inside", "sync"]
            assert orchestrator.get_session("s").metadata["a"] == 1
