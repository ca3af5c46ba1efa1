"""What a store on a server does when the server is wrong, slow, restarted or gone, and what it sends there."""

from __future__ import annotations

import asyncio
import http.client
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import (
    AlreadyExistsError,
    ConfigurationError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)
from praison_persist_turso import AsyncTursoConversationStore, TursoConversationStore, TursoStateStore
from praison_persist_turso.errors import AnswerError
from praison_persist_turso.hrana import Connection
from praison_persist_turso.location import Endpoint

WRITERS = 16


def message(id_: str) -> ConversationMessage:
    return ConversationMessage(id=id_, role="user", content="hi")


def slow(url: str, seconds: float) -> None:
    """Make the stand-in wait before each answer."""
    host = url.removeprefix("http://")
    line = http.client.HTTPConnection(host)
    line.request("POST", "/_delay", str(seconds).encode())
    line.getresponse().read()
    line.close()


def test_a_refused_token_is_an_error_that_does_not_show_it(standin: Callable[..., str]) -> None:
    url = standin("--token", "right")
    with TursoConversationStore(url, auth_token="wr0ng-s3cr3t") as store:
        with pytest.raises(ConfigurationError, match="refused the token") as failure:
            store.setup()
        assert "wr0ng" not in str(failure.value)
        assert "auth_token" in str(failure.value)
    with TursoConversationStore(url) as store, pytest.raises(ConfigurationError, match="refused the token"):
        store.get_session("s")
    with TursoConversationStore(url, auth_token="right") as store:
        store.create_session(ConversationSession("s"))


def test_a_server_that_is_no_libsql_server_is_an_error_that_says_so(standin: Callable[..., str]) -> None:
    with (
        TursoConversationStore(f"{standin()}/elsewhere") as store,
        pytest.raises(ConfigurationError, match="404") as failure,
    ):
        store.setup()
    assert "libSQL server" in str(failure.value)


def test_a_server_that_is_away_is_an_error_at_once() -> None:
    with (
        TursoConversationStore("http://127.0.0.1:9", retry_delay=0) as store,
        pytest.raises(UnavailableError, match="refused") as failure,
    ):
        store.get_session("s")
    assert not failure.value.ambiguous
    assert "http://127.0.0.1:9" in str(failure.value)


def test_a_server_that_does_not_answer_in_time_is_an_error(standin: Callable[..., str]) -> None:
    url = standin()
    with TursoConversationStore(url, timeout=0.5) as store:
        store.create_session(ConversationSession("s"))
        slow(url, 2.0)
        with pytest.raises(OperationTimeoutError, match="no answer within") as failure:
            store.add_message("s", message("m"))
        assert failure.value.ambiguous
        slow(url, 0.0)
        store.add_message("s", message("m"))
        assert [found.id for found in store.get_messages("s")] == ["m"]


def test_a_slow_server_does_not_stop_the_event_loop(standin: Callable[..., str]) -> None:
    url = standin()

    async def main() -> list[float]:
        async with AsyncTursoConversationStore(url) as store:
            await store.create_session(ConversationSession("s"))
            slow(url, 1.0)
            work = asyncio.ensure_future(store.add_message("s", message("m")))
            gaps: list[float] = []
            while not work.done():
                before = time.monotonic()
                await asyncio.sleep(0.01)
                gaps.append(time.monotonic() - before)
            await work
            return gaps

    gaps = asyncio.run(main())
    assert len(gaps) > 10, "a client that holds the interpreter's lock lets one or two through"


def test_more_threads_than_connections_lose_nothing(standin: Callable[..., str]) -> None:
    with TursoConversationStore(standin(), pool_size=2) as store:
        store.create_session(ConversationSession("s"))
        run_threads(lambda n: [store.add_message("s", message(f"{n}-{i}")) for i in range(10)])
        assert len(store.get_messages("s")) == 10 * WRITERS


def run_threads(work: Callable[[int], Any]) -> None:
    failures: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_every_acknowledged_message_is_stored_once_when_the_server_is_killed(
    turso_engine: Any, fresh_prefix: str
) -> None:
    acknowledged: list[set[str]] = [set() for _ in range(WRITERS)]
    options = {"table_prefix": fresh_prefix, "max_retries": 30, "retry_delay": 0.05}
    with TursoConversationStore(turso_engine.url, **options) as store:
        store.create_session(ConversationSession("s"))

        def write(number: int) -> None:
            for i in range(25):
                if i % 5 == 4:
                    batch = [message(f"{number}-{i}-{j}") for j in range(3)]
                    store.add_messages("s", batch)
                    acknowledged[number].update(item.id for item in batch)
                else:
                    store.add_message("s", message(f"{number}-{i}"))
                    acknowledged[number].add(f"{number}-{i}")

        done = threading.Event()

        def disturb() -> None:
            while not done.wait(0.3):
                turso_engine.kill()
                turso_engine.restart()

        disturber = threading.Thread(target=disturb)
        disturber.start()
        try:
            run_threads(write)
        finally:
            done.set()
            disturber.join()
        stored = [found.id for found in store.get_messages("s")]
    assert len(stored) == len(set(stored))
    assert set(stored) == set().union(*acknowledged)
    assert len(stored) == WRITERS * (20 + 15)


def test_a_transaction_that_the_server_forgot_is_run_again(standin: Callable[..., str]) -> None:
    """The stream expires inside the transaction; nothing of it may take effect on its own."""
    url = standin("--expiry", "0")
    connection = Connection(Endpoint.of(url, None), 30.0)
    connection.execute("CREATE TABLE t (x)", ())
    connection.execute("BEGIN IMMEDIATE", ())
    connection.execute("INSERT INTO t VALUES (1)", ())
    time.sleep(1.5)
    with pytest.raises(AnswerError, match="baton"):
        connection.execute("INSERT INTO t VALUES (2)", ())
    with pytest.raises(AnswerError, match="closed"):
        connection.execute("INSERT INTO t VALUES (3)", ())
    connection.execute("ROLLBACK", ())
    assert connection.execute("SELECT COUNT(*) FROM t", ()).rows == [(0,)]
    connection.close()


def test_a_transaction_goes_on_where_the_server_says(standin: Callable[..., str]) -> None:
    url = standin("--token", "t")
    home = TursoConversationStore(url, auth_token="t")
    with home as store:
        store.create_session(ConversationSession("s"))
        store.add_messages("s", [message("a"), message("b")])
        assert [found.id for found in store.get_messages("s")] == ["a", "b"]
    connection = Connection(Endpoint.of(url, "t"), 30.0)
    connection._move(f"{url.replace('127.0.0.1', 'localhost')}/elsewhere")
    with pytest.raises(AnswerError, match="no such path: /elsewhere/v3/pipeline"):
        connection.execute("SELECT 1", ())
    assert connection.execute("SELECT 1", ()).rows == [(1,)], "the next stream starts at home again"
    connection.close()


def test_a_writer_that_does_not_end_is_waited_for_up_to_the_deadline(standin: Callable[..., str]) -> None:
    url = standin()
    with TursoConversationStore(url, timeout=1.0) as store:
        store.create_session(ConversationSession("s"))
        other = Connection(Endpoint.of(url, None), 30.0)
        other.execute("BEGIN IMMEDIATE", ())
        other.execute("SELECT 1", ())
        with pytest.raises(OperationTimeoutError, match="locked"):
            store.add_message("s", message("m"))
        with pytest.raises(OperationTimeoutError, match="locked"):
            store.delete_session("s")
        assert store.get_messages("s") == [], "reading does not wait"
        other.execute("ROLLBACK", ())
        store.add_message("s", message("m"))
        other.close()


def test_floats_keep_their_last_bit(turso_url: str) -> None:
    chance = random.Random(7)
    numbers = [chance.uniform(1e9, 2e9) for _ in range(50)] + [0.1, 1e300, 5.0, -2.5, 1 / 3, 2.0**60, 0.0]
    connection = Connection(Endpoint.of(turso_url, None), 30.0)
    for number in numbers:
        assert connection.execute("SELECT ? + 0.0, ?", (number, "a ? b")).rows == [(number, "a ? b")]
    connection.close()


def test_an_answer_of_the_engine_is_not_repeated(standin: Callable[..., str]) -> None:
    with TursoConversationStore(standin()) as store:
        store.create_session(ConversationSession("s"))
        with pytest.raises(AlreadyExistsError):
            store.create_session(ConversationSession("s"))


def test_tables_that_are_missing_are_an_error_that_says_so(standin: Callable[..., str]) -> None:
    with TursoStateStore(standin(), auto_create_tables=False) as store, pytest.raises(PersistError, match="setup"):
        store.set("k", 1)
