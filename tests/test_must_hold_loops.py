"""What must hold whatever runs the calls: forks, event loops one after another and side by side, cancellation."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import threading
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import psycopg
import pytest

from praison_persist import CONVERSATION_STORES
from praison_persist.aio import sync_view
from praison_persist.conversation import AsyncConversationStore, ConversationMessage, ConversationSession
from praison_persist_testkit.faults import exit_code_of

Make = Callable[..., Any]


def message(id_: str) -> ConversationMessage:
    return ConversationMessage(id=id_, role="user", content=id_)


@pytest.fixture
def application() -> str:
    return f"test {secrets.token_hex(6)}"


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path, fresh_prefix: str, application: str) -> Make:
    """Make a store of a backend on the test's data."""

    def create(name: str, **options: Any) -> Any:
        if "sqlite" in name:
            return CONVERSATION_STORES.create(name, url=f"sqlite:///{tmp_path}/it.db", **options)
        url = f"{request.getfixturevalue('database_url')}?application_name={application.replace(' ', '%20')}"
        return CONVERSATION_STORES.create(name, url=url, table_prefix=fresh_prefix, **options)

    return create


async def settle(result: Any) -> Any:
    return await result if asyncio.iscoroutine(result) else result


def in_child(work: Callable[[], None], meanwhile: Callable[[], None] = lambda: None) -> None:
    """Run it in a fork of this process, and the other in this process; it must end well and in time."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        os._exit(code)
    meanwhile()
    assert exit_code_of(pid, within=20) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("name", ["sqlite", "postgres"])
def test_a_store_works_in_a_fork_and_goes_on_in_the_parent(make: Make, name: str) -> None:
    with make(name) as store:
        store.create_session(ConversationSession("s"))

        def write(who: str) -> None:
            for number in range(100):
                store.add_message("s", message(f"{who} {number}"))
                assert store.get_messages("s", limit=1)

        def child() -> None:
            write("child")
            store.close()

        in_child(child, lambda: write("parent"))
        in_child(lambda: None)  # ends without having used or closed it
        store.add_message("s", message("after"))
        found = [one.id for one in store.get_messages("s")]
        assert len(found) == 201
        assert found[-1] == "after"
        for who in ("child", "parent"):
            assert [id_ for id_ in found if id_.startswith(who)] == [f"{who} {number}" for number in range(100)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("name", ["async_sqlite", "async_postgres"])
def test_an_async_store_works_in_a_fork_and_goes_on_in_the_parent(make: Make, name: str) -> None:
    store = make(name)
    loop = asyncio.new_event_loop()  # stays open while the child runs, as a server's does
    loop.run_until_complete(store.create_session(ConversationSession("s")))

    async def write(who: str) -> None:
        for number in range(100):
            await store.add_message("s", message(f"{who} {number}"))
            assert await store.get_messages("s", limit=1)

    async def child() -> None:
        await write("child")
        await store.close()

    in_child(lambda: asyncio.run(child()), lambda: loop.run_until_complete(write("parent")))
    found = [one.id for one in loop.run_until_complete(store.get_messages("s"))]
    assert len(found) == 200
    for who in ("child", "parent"):
        assert [id_ for id_ in found if id_.startswith(who)] == [f"{who} {number}" for number in range(100)]
    loop.run_until_complete(store.close())
    loop.close()


@pytest.mark.parametrize("name", ["async_sqlite", "async_postgres"])
def test_event_loops_may_follow_each_other(make: Make, name: str) -> None:
    store = make(name)

    async def use(number: int) -> list[str]:
        if number == 0:
            await store.create_session(ConversationSession("s"))
        await asyncio.gather(*(store.add_message("s", message(f"{number}-{i}")) for i in range(5)))
        return [found.id for found in await store.get_messages("s")]

    for number in range(4):
        found = asyncio.run(use(number))
        assert len(found) == 5 * (number + 1)
    asyncio.run(store.close())


def test_a_loop_that_ends_leaves_no_connection_at_the_server(make: Make, database_url: str, application: str) -> None:
    store = make("async_postgres")

    async def use() -> None:
        await asyncio.gather(*(store.list_sessions() for _ in range(8)))

    with psycopg.connect(database_url, autocommit=True) as admin:
        for _ in range(3):
            asyncio.run(use())
            sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = %s"
            for _ in range(200):
                if admin.execute(sql, (application,)).fetchone() == (0,):
                    break
                admin.execute("SELECT pg_sleep(0.01)")
            else:
                pytest.fail("connections are left")
    asyncio.run(store.close())


@pytest.mark.parametrize("name", ["async_sqlite", "async_postgres"])
def test_event_loops_may_run_side_by_side(make: Make, name: str) -> None:
    store = make(name)
    asyncio.run(settle(store.create_session(ConversationSession("s"))))
    failed: list[BaseException] = []

    async def use(number: int) -> None:
        for i in range(20):
            await store.add_message("s", message(f"{number}-{i}"))

    def run(number: int) -> None:
        try:
            asyncio.run(use(number))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(asyncio.run(settle(store.get_messages("s")))) == 80
    asyncio.run(store.close())


@pytest.mark.parametrize("name", ["sqlite", "async_sqlite", "postgres", "async_postgres"])
def test_every_store_can_be_called_blockingly_inside_a_running_loop(make: Make, name: str) -> None:
    made = make(name)
    store = sync_view(made) if isinstance(made, AsyncConversationStore) else made

    async def main() -> list[str]:
        store.create_session(ConversationSession("s"))
        store.add_message("s", message("inside"))
        return [found.id for found in store.get_messages("s")]

    assert asyncio.run(main()) == ["inside"]
    store.close()


async def cancelled_after(work: Coroutine[Any, Any, Any], seconds: float, steps: int) -> bool:
    """Start it, cancel it after so many turns of the loop and so many seconds; whether it had ended well before."""
    task = asyncio.ensure_future(work)
    for _ in range(steps):
        await asyncio.sleep(0)
    if seconds:
        await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
    return not task.cancelled()


@pytest.mark.parametrize("seed", range(3))
def test_appends_cancelled_at_random_points_happened_or_did_not(
    make: Make, database_url: str, application: str, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(seed)

    async def main() -> None:
        async with make("async_postgres", pool_size=3) as store:
            await store.create_session(ConversationSession("s"))
            acknowledged: list[str] = []

            async def one(number: int) -> None:
                ids = [f"{number}-{i}" for i in range(3)]
                work: Coroutine[Any, Any, Any]
                if number % 2:
                    work = store.add_messages("s", [message(id_) for id_ in ids])
                else:
                    work = store.add_message("s", message(ids[0]))
                if await cancelled_after(work, chance.choice([0, 0.001, 0.004, 0.02]), chance.randrange(12)):
                    acknowledged.extend(ids if number % 2 else ids[:1])

            await asyncio.gather(*(store.get_session("s") for _ in range(9)))  # connected before anything is cancelled
            for start in range(0, 120, 6):
                await asyncio.gather(*(one(number) for number in range(start, start + 6)))
            found = [one.id for one in await store.get_messages("s")]
            assert len(found) == len(set(found))
            assert set(acknowledged) <= set(found)
            for number in range(1, 120, 2):
                whole = [id_ for id_ in found if id_.startswith(f"{number}-")]
                assert whole in ([], [f"{number}-{i}" for i in range(3)])
            # The pool is whole, and nothing holds the session's lock.
            await asyncio.wait_for(
                asyncio.gather(*(store.add_message("s", message(f"after {i}")) for i in range(9))), timeout=20
            )
            with psycopg.connect(database_url, autocommit=True) as admin:
                states = admin.execute(
                    "SELECT state FROM pg_stat_activity WHERE application_name = %s", (application,)
                ).fetchall()
            assert set(states) == {("idle",)}
            assert len(states) <= 3

    asyncio.run(main())
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_first_calls_that_are_cancelled_leave_a_usable_store(make: Make) -> None:
    async def main() -> None:
        for steps in range(0, 60, 3):
            async with make("async_postgres", pool_size=2, retry_delay=0.01) as store:
                await cancelled_after(store.list_sessions(), 0, steps)
                assert await asyncio.wait_for(store.list_sessions(), timeout=20) == []

    asyncio.run(main())
