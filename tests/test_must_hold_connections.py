"""What must hold when connections are few, or die: nothing acknowledged is lost, nothing is stored twice."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from praison_persist.aio import async_view, sync_view
from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import OperationTimeoutError, UnavailableError
from praison_persist_postgres import AsyncPostgresConversationStore, PostgresConversationStore, PostgresStateStore


def message(id_: str) -> ConversationMessage:
    return ConversationMessage(id=id_, role="user", content=id_)


@pytest.fixture
def application() -> str:
    """The name by which the server knows a test's connections."""
    return f"test {secrets.token_hex(6)}"


@pytest.fixture
def url(database_url: str, application: str) -> str:
    return f"{database_url}?application_name={application.replace(' ', '%20')}"


@pytest.fixture
def admin(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def terminate(admin: psycopg.Connection[Any], application: str) -> Callable[[], int]:
    """End every connection of the test at the server; how many there were."""

    def run() -> int:
        sql = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s"
        return len(admin.execute(sql, (application,)).fetchall())

    return run


def connections(admin: psycopg.Connection[Any], application: str) -> int:
    sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = %s"
    return (admin.execute(sql, (application,)).fetchone() or (0,))[0]


def test_a_connection_ended_between_two_calls_costs_no_message(
    url: str, fresh_prefix: str, terminate: Callable[[], int]
) -> None:
    with PostgresConversationStore(url, table_prefix=fresh_prefix, pool_size=1, retry_delay=0.05) as store:
        store.create_session(ConversationSession("s"))
        for number in range(5):
            store.add_message("s", message(str(number)))
            assert terminate() >= 1
        assert [found.id for found in store.get_messages("s")] == list("01234")


def test_calls_that_must_not_happen_twice_survive_an_ended_connection(
    url: str, fresh_prefix: str, terminate: Callable[[], int]
) -> None:
    with (
        PostgresConversationStore(url, table_prefix=fresh_prefix, pool_size=1, retry_delay=0.05) as store,
        PostgresStateStore(url, table_prefix=fresh_prefix, pool_size=1, retry_delay=0.05) as state,
    ):
        store.setup()
        for number in range(3):
            terminate()
            store.create_session(ConversationSession(str(number)))
            assert state.incr("n") == number + 1


def test_all_connections_of_a_pool_ended_at_once_cost_no_message(
    url: str, fresh_prefix: str, terminate: Callable[[], int]
) -> None:
    with PostgresConversationStore(url, table_prefix=fresh_prefix, pool_size=5, retry_delay=0.05) as store:
        store.create_session(ConversationSession("s"))
        for round_ in range(3):
            together(20, lambda i, r=round_: store.add_message("s", message(f"{r}-{i}")))
            assert terminate() >= 1
        assert len(store.get_messages("s")) == 60


def test_all_connections_of_an_async_pool_ended_at_once_cost_no_message(
    url: str, fresh_prefix: str, terminate: Callable[[], int]
) -> None:
    async def main() -> None:
        async with AsyncPostgresConversationStore(
            url, table_prefix=fresh_prefix, pool_size=5, retry_delay=0.05
        ) as store:
            await store.create_session(ConversationSession("s"))
            for round_ in range(3):
                await asyncio.gather(*(store.add_message("s", message(f"{round_}-{i}")) for i in range(20)))
                assert terminate() >= 1  # while the loop stands still, and so cannot notice
            assert len(await store.get_messages("s")) == 60

    asyncio.run(main())


def together(count: int, job: Callable[[int], Any]) -> None:
    """Run it in so many threads; the first error is raised."""
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            start.wait(30)
            job(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_a_pool_of_five_serves_two_hundred_threads(
    url: str, fresh_prefix: str, admin: psycopg.Connection[Any], application: str
) -> None:
    most = 0
    with PostgresConversationStore(url, table_prefix=fresh_prefix, pool_size=5) as store:

        def use(number: int) -> None:
            nonlocal most
            store.create_session(ConversationSession(f"s{number}"))
            for i in range(5):
                store.add_message(f"s{number}", message(str(i)))
                if number == 0:
                    most = max(most, connections(admin, application))
            assert len(store.get_messages(f"s{number}")) == 5

        together(200, use)
        assert len(store.list_sessions(limit=None)) == 200
    assert 1 <= most <= 6, "five, and one that looked whether the server is there"


def test_an_async_pool_of_five_serves_two_hundred_tasks(
    url: str, fresh_prefix: str, admin: psycopg.Connection[Any], application: str
) -> None:
    async def main() -> int:
        most = 0
        async with AsyncPostgresConversationStore(url, table_prefix=fresh_prefix, pool_size=5) as store:

            async def use(number: int) -> None:
                nonlocal most
                await store.create_session(ConversationSession(f"s{number}"))
                for i in range(5):
                    await store.add_message(f"s{number}", message(str(i)))
                    if number == 0:
                        most = max(most, connections(admin, application))
                assert len(await store.get_messages(f"s{number}")) == 5

            await asyncio.gather(*(use(number) for number in range(200)))
            assert len(await store.list_sessions(limit=None)) == 200
        return most

    assert 1 <= asyncio.run(main()) <= 5


@pytest.mark.parametrize("cls", [PostgresConversationStore, AsyncPostgresConversationStore])
def test_a_pool_that_stays_empty_is_waited_for_up_to_its_deadline(
    url: str, fresh_prefix: str, admin: psycopg.Connection[Any], cls: Any
) -> None:
    store = (
        sync_view(cls(url, table_prefix=fresh_prefix, pool_size=1, timeout=0.5))
        if (cls is AsyncPostgresConversationStore)
        else cls(url, table_prefix=fresh_prefix, pool_size=1, timeout=0.5)
    )
    with store:
        store.create_session(ConversationSession("s"))
        holder = threading.Thread(target=lambda: store.add_message("s", message("late")))
        with admin.transaction():
            admin.execute(f'SELECT 1 FROM "{fresh_prefix}sessions" FOR UPDATE')  # type: ignore[arg-type]
            holder.start()
            while not admin.execute(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ).fetchall():
                time.sleep(0.01)
            with pytest.raises(OperationTimeoutError, match=r"no connection .* was free within 0.5 s") as failure:
                store.get_messages("s")
            assert "pool_size" in str(failure.value)
        holder.join()
        assert [found.id for found in store.get_messages("s")] == ["late"]


def test_a_server_that_is_not_there_is_an_error_that_says_where(fresh_prefix: str) -> None:
    nowhere = "postgresql://user:s3cret-p4ss@127.0.0.1:1/app"
    for cls in (PostgresConversationStore, PostgresStateStore):
        with cls(nowhere, max_retries=1, retry_delay=0) as store, pytest.raises(UnavailableError) as failure:
            store.setup()
        assert "127.0.0.1:1/app" in str(failure.value)
        assert "s3cret-p4ss" not in f"{failure.value!r} {failure.value} {failure.value.__cause__!r} {store!r}"


class Writer(threading.Thread):
    """Appends through a server's death, as an agent would: what a call acknowledged is stored, what it refused is
    tried again with the same id."""

    def __init__(self, store: Any, number: int, stop: threading.Event) -> None:
        super().__init__()
        self.store, self.number, self.stop = store, number, stop
        self.acknowledged: list[str] = []
        self.refused = 0

    def run(self) -> None:
        while not self.stop.is_set():
            id_ = f"{self.number}-{len(self.acknowledged)}"
            try:
                self.store.add_message("s", message(id_))
            except UnavailableError:
                self.refused += 1
                self.stop.wait(0.05)
            else:
                self.acknowledged.append(id_)


@pytest.mark.parametrize("kind", ["blocking", "asynchronous"])
def test_a_server_killed_under_sixteen_writers_loses_and_doubles_nothing(
    postgres_engine: Any, fresh_prefix: str, kind: str
) -> None:
    options: dict[str, Any] = {"table_prefix": fresh_prefix, "pool_size": 6, "max_retries": 6, "retry_delay": 0.1}
    url = postgres_engine.url
    store: Any
    if kind == "blocking":
        store = PostgresConversationStore(url, **options)
    else:
        store = sync_view(AsyncPostgresConversationStore(url, **options))
    with store:
        store.create_session(ConversationSession("s"))
        stop = threading.Event()
        writers = [Writer(store, number, stop) for number in range(16)]
        for writer in writers:
            writer.start()
        for _ in range(2):
            written = sum(len(writer.acknowledged) for writer in writers)
            wait_for(lambda w=written: sum(len(writer.acknowledged) for writer in writers) > w + 200)
            postgres_engine.kill()
            postgres_engine.restart()
        at_restart = [len(writer.acknowledged) for writer in writers]
        wait_for(lambda: all(len(w.acknowledged) > n for w, n in zip(writers, at_restart, strict=True)))
        stop.set()
        for writer in writers:
            writer.join()
        found = [one.id for one in store.get_messages("s")]
    assert len(found) == len(set(found))
    for writer in writers:
        own = [id_ for id_ in found if id_.startswith(f"{writer.number}-")]
        assert own == writer.acknowledged, "each once, in order, and the one under way at the end was acknowledged too"


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_view_of_a_store_in_threads_survives_as_well(
    url: str, fresh_prefix: str, terminate: Callable[[], int]
) -> None:
    async def main() -> list[str]:
        store = PostgresConversationStore(url, table_prefix=fresh_prefix, pool_size=3, retry_delay=0.05)
        async with async_view(store) as view:
            await view.create_session(ConversationSession("s"))
            await asyncio.to_thread(terminate)
            await asyncio.gather(*(view.add_message("s", message(str(i))) for i in range(30)))
            return [found.id for found in await view.get_messages("s")]

    assert sorted(asyncio.run(main()), key=int) == [str(i) for i in range(30)]
