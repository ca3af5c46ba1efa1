"""The adapter in event loops, threads and forked processes: right results, a free loop, never a hang."""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from praison_persist import CONVERSATION_STORES
from praison_persist_agents.adapter.asynchronous import AsyncPersistDb
from praison_persist_agents.adapter.database import PersistDb
from praison_persist_agents.adapter.factory import db
from praison_persist_testkit.faults import exit_code_of

FORMS = [{"mode": "sync"}, {"mode": "async"}]


@pytest.fixture(params=FORMS, ids=["sync store", "async store"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PersistDb]:
    with db(f"sqlite:///{tmp_path}/chats.db", conversation_options=request.param) as adapter:
        yield adapter


def contents(database: PersistDb, session_id: str = "s") -> list[Any]:
    return [message["content"] for message in database.export_session(session_id)["messages"]]


async def turn(database: PersistDb, number: int) -> None:
    await database.aon_agent_start("A", "s")
    await database.aon_run_start("s", f"r{number}", f"q{number}")
    await asyncio.to_thread(database.on_agent_message, "s", f"a{number}")  # as the client does
    await database.aon_run_end("s", f"r{number}", f"a{number}")


def test_two_successive_event_loops_use_one_adapter(database: PersistDb) -> None:
    asyncio.run(turn(database, 1))
    asyncio.run(turn(database, 2))
    assert contents(database) == ["q1", "a1", "q2", "a2"]


def test_blocking_hooks_work_inside_a_running_loop(database: PersistDb) -> None:
    async def main() -> list[Any]:
        database.on_agent_start("A", "s")
        database.on_user_message("s", "q")
        await database.aon_agent_message("s", "a")
        return [message.content for message in database.on_agent_start("A", "s")]

    assert asyncio.run(asyncio.wait_for(main(), 30)) == ["q", "a"]


def test_hooks_from_many_threads_and_loops_lose_nothing(database: PersistDb) -> None:
    def blocking(number: int) -> None:
        for index in range(10):
            database.on_user_message("s", f"{number}-{index}")

    def looping(number: int) -> None:
        async def main() -> None:
            for index in range(10):
                await database.aon_user_message("s", f"{number}-{index}")

        asyncio.run(main())

    workers = [threading.Thread(target=(blocking, looping)[number % 2], args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    found = contents(database)
    assert len(found) == 80
    for number in range(8):
        assert [each for each in found if each.startswith(f"{number}-")] == [f"{number}-{i}" for i in range(10)]


def test_async_hooks_leave_the_loop_free_while_the_store_sleeps(tmp_path: Path) -> None:
    store = CONVERSATION_STORES.create("sqlite", path=str(tmp_path / "chats.db"))
    real = store.add_message

    def slow(*args: Any) -> Any:
        time.sleep(0.5)
        return real(*args)

    store.add_message = slow
    longest = 0.0

    async def heartbeat() -> None:
        nonlocal longest
        before = time.monotonic()
        while True:
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - before)
            before = time.monotonic()

    async def main() -> None:
        beat = asyncio.create_task(heartbeat())
        await database.aon_run_start("s", "r", "q")
        await database.aon_user_message("s", "q")
        await database.aon_agent_message("s", "a")
        await database.aon_run_end("s", "r", "a")
        beat.cancel()

    with store, db(conversation_store=store) as database:
        asyncio.run(main())
        assert contents(database) == ["q", "a"]
    print(f"longest gap: {longest * 1000:.1f} ms")
    assert longest < 0.25  # far below the store's 0.5 s, with room for a loaded machine


def test_a_cancelled_hook_stores_its_message_once(database: PersistDb) -> None:
    async def main() -> None:
        for number in range(20):
            task = asyncio.create_task(database.aon_user_message("s", str(number)))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    assert database.flush(30)
    assert contents(database) == [str(number) for number in range(20)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_goes_on_with_its_own_queue(database: PersistDb) -> None:
    database.on_user_message("s", "parent")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            database.on_user_message("s", "child")
            asyncio.run(database.aon_agent_message("s", "child, awaited"))
            status = 0
        finally:
            os._exit(status)
    assert exit_code_of(child) == 0
    database.on_user_message("s", "parent again")
    assert contents(database) == ["parent", "child", "child, awaited", "parent again"]


def test_every_hook_has_a_coroutine_beside_it() -> None:
    for name in dir(PersistDb):
        if name.startswith("on_") or name in ("get_runs", "get_traces", "export_session", "import_session", "close"):
            assert inspect.iscoroutinefunction(getattr(PersistDb, f"a{name}")), name
            blocking, awaited = (
                inspect.signature(getattr(PersistDb, name)),
                inspect.signature(getattr(PersistDb, f"a{name}")),
            )
            assert list(blocking.parameters) == list(awaited.parameters)


def test_the_async_adapter_has_the_protocols_names_as_coroutines(database: PersistDb) -> None:
    adapter = AsyncPersistDb(database)

    async def main() -> None:
        assert await adapter.on_agent_start("A", "s", "u") == []
        await adapter.on_run_start("s", "r", "q")
        await adapter.on_run_end("s", "r", "a")
        assert [run.run_id for run in await adapter.get_runs("s")] == ["r"]
        exported = await adapter.export_session("s")
        assert await adapter.import_session(exported) == "s"
        assert [message["content"] for message in exported["messages"]] == ["q", "a"]
        assert await adapter.get_schema_version() == "1.0"
        assert await adapter.check_schema_compatibility() == (True, "schema 1.0 is in use")
        await adapter.close()
        await adapter.close()

    asyncio.run(main())
    assert adapter.status().state == "closed"


def test_close_closes_opened_stores_and_leaves_given_ones_open(tmp_path: Path) -> None:
    given = CONVERSATION_STORES.create("async_sqlite", path=str(tmp_path / "given.db"))
    adapter = db(conversation_store=given)
    adapter.on_user_message("s", "hi")
    adapter.close()
    with db(conversation_store=given) as second:
        assert [message.content for message in second.on_agent_start("A", "s")] == ["hi"]
    opened = db(f"sqlite:///{tmp_path}/opened.db", conversation_options={"mode": "async"})
    opened.on_user_message("s", "hi")
    asyncio.run(opened.aclose())
    from praison_persist.aio import sync_view
    from praison_persist.errors import ClosedError

    with pytest.raises(ClosedError):
        sync_view(opened.conversation_store).get_session("s")
    sync_view(given).close()
