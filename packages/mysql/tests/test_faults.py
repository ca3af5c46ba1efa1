"""A server that is away, frozen, busy or killed: nothing acknowledged is lost, nothing is stored twice."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pymysql
import pytest

from praison_persist.aio import sync_view
from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import InvalidInputError, OperationTimeoutError, PersistError, UnavailableError
from praison_persist_mysql import AsyncMySQLConversationStore, MySQLConversationStore
from praison_persist_testkit.faults import exit_code_of

Open = Callable[..., Any]
Query = Callable[..., list[Any]]


@pytest.fixture(params=["blocking", "asynchronous"])
def open_store(request: pytest.FixtureRequest, fresh_prefix: str) -> Iterator[Open]:
    """Makes a store of either kind."""
    with ExitStack() as stack:

        def make(url: str, **options: Any) -> Any:
            options = {"table_prefix": fresh_prefix, "retry_delay": 0.05, **options}
            if request.param == "blocking":
                return stack.enter_context(MySQLConversationStore(url, **options))
            return stack.enter_context(sync_view(AsyncMySQLConversationStore(url, **options)))

        yield make


@pytest.fixture(params=["mariadb", "mysql"])
def engine(request: pytest.FixtureRequest) -> Any:
    """A server of this process alone."""
    return request.getfixturevalue(f"{request.param}_engine")


@pytest.fixture
def kill(query: Query, connections: Callable[[], list[int]]) -> Callable[[], int]:
    """End every other connection to the test's database at the server; how many there were."""

    def run() -> int:
        mine = query("SELECT CONNECTION_ID()")[0][0]
        others = [id_ for id_ in connections() if id_ != mine]
        for id_ in others:
            with suppress(pymysql.Error):  # it ended by itself
                query(f"KILL {id_}")
        return len(others)

    return run


def message(id_: str, content: str | None = None) -> ConversationMessage:
    return ConversationMessage(id=id_, role="user", content=content or id_)


def together(count: int, job: Callable[[int], Any]) -> list[BaseException | None]:
    """What became of so many threads."""
    found: list[BaseException | None] = [None] * count

    def run(number: int) -> None:
        try:
            job(number)
        except Exception as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_connections_killed_between_statements_cost_no_message(
    open_store: Open, database_url: str, kill: Callable[[], int]
) -> None:
    store = open_store(database_url, pool_size=4)
    store.create_session(ConversationSession("s"))
    for round_ in range(4):
        assert together(8, lambda i, r=round_: store.add_message("s", message(f"{r}-{i}"))) == [None] * 8
        assert kill() >= 1
    assert len(store.get_messages("s")) == 32
    for number in range(3):  # must not happen twice
        kill()
        store.create_session(ConversationSession(str(number)))


def test_connections_killed_inside_statements_cost_no_message(
    open_store: Open, database_url: str, query: Query, kill: Callable[[], int]
) -> None:
    store = open_store(database_url, pool_size=8, max_retries=8)
    store.create_session(ConversationSession("s"))
    killed, done = 0, threading.Event()

    def write(number: int) -> None:
        for i in range(8):
            store.add_messages("s", [message(f"{number}-{i}-{k}") for k in range(3)])

    def murder() -> None:
        nonlocal killed
        while not done.wait(0.03):
            killed += kill()

    murderer = threading.Thread(target=murder)
    murderer.start()
    try:
        outcomes = together(8, write)
    finally:
        done.set()
        murderer.join()
    assert killed > 8
    wanted = {
        f"{number}-{i}-{k}" for number in range(8) if outcomes[number] is None for i in range(8) for k in range(3)
    }
    assert all(isinstance(outcome, UnavailableError) for outcome in outcomes if outcome is not None)
    stored = [found.id for found in store.get_messages("s")]
    assert wanted <= set(stored)
    assert len(stored) == len(set(stored))


def test_a_server_restarted_under_sixteen_writers_loses_and_repeats_nothing(open_store: Open, engine: Any) -> None:
    store = open_store(engine.url, pool_size=5, max_retries=30, retry_delay=0.2)
    store.create_session(ConversationSession("s"))
    acknowledged: list[str] = []

    def write(number: int) -> None:
        for i in range(15):
            store.add_message("s", message(f"{number}-{i}"))
            acknowledged.append(f"{number}-{i}")

    def restart() -> None:
        while len(acknowledged) < 40:
            time.sleep(0.01)
        engine.kill()
        engine.restart()

    restarter = threading.Thread(target=restart)
    restarter.start()
    outcomes = together(16, write)
    restarter.join()
    assert outcomes == [None] * 16
    stored = [found.id for found in store.get_messages("s")]
    assert len(stored) == 240
    assert sorted(stored) == sorted(acknowledged)


def test_calls_to_a_dead_server_fail_at_once_and_succeed_once_it_is_back(open_store: Open, engine: Any) -> None:
    store = open_store(engine.url, pool_size=2, timeout=600, max_retries=0)
    store.create_session(ConversationSession("s"))
    engine.kill()
    try:
        for failure in together(16, lambda number: store.add_message("s", message(f"during {number}"))):
            assert isinstance(failure, UnavailableError)
            assert not isinstance(failure, OperationTimeoutError)
    finally:
        engine.restart()
    assert together(16, lambda number: store.add_message("s", message(f"after {number}"))) == [None] * 16
    assert len(store.get_messages("s")) == 16


def test_a_pool_of_three_serves_sixty_threads(
    open_store: Open, database_url: str, connections: Callable[[], list[int]]
) -> None:
    store, most = open_store(database_url, pool_size=3), 0

    def use(number: int) -> None:
        nonlocal most
        store.create_session(ConversationSession(f"s{number}"))
        for i in range(3):
            store.add_message(f"s{number}", message(str(i)))
        if number == 0:
            most = len(connections())
        assert len(store.get_messages(f"s{number}")) == 3

    assert together(60, use) == [None] * 60
    assert 2 <= most <= 4, "three, and the one that asked"


def test_a_busy_pool_is_waited_for_up_to_the_deadline(
    open_store: Open, database_url: str, query: Query, fresh_prefix: str
) -> None:
    store = open_store(database_url, pool_size=1, timeout=1)
    store.create_session(ConversationSession("s"))
    query("BEGIN")
    query(f"SELECT 1 FROM {fresh_prefix}sessions FOR UPDATE")
    outcomes: list[BaseException | None] = []
    writers = threading.Thread(
        target=lambda: outcomes.extend(together(3, lambda number: store.add_message("s", message(str(number)))))
    )
    writers.start()
    time.sleep(2.5)
    query("ROLLBACK")
    writers.join()
    late = [outcome for outcome in outcomes if outcome is not None]
    assert len(late) == 2
    assert all(isinstance(outcome, OperationTimeoutError) and "pool_size=" in str(outcome) for outcome in late)
    assert len(store.get_messages("s")) == 1


def test_a_server_that_accepts_and_never_answers_is_given_up_after_the_connect_timeout(open_store: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"mysql://u:s3cret-p4ss@127.0.0.1:{server.getsockname()[1]}/d"
        store = open_store(url, connect_timeout=1, max_retries=5, pool_size=1)
        with pytest.raises(OperationTimeoutError, match="no answer within 1 s while connecting") as failure:
            store.get_session("s")
    assert "s3cret-p4ss" not in f"{failure.value} {failure.value!r}"


def test_a_server_that_goes_away_while_tls_begins_is_tried_again(open_store: Open, mysql_url: str) -> None:
    place = urlsplit(mysql_url)
    with socket.create_server(("127.0.0.1", 0)) as front:

        def cut(times: int) -> None:
            for _ in range(times):
                client, _ = front.accept()
                with client, socket.create_connection((place.hostname, place.port)) as behind:
                    client.sendall(behind.recv(4096))  # the greeting
                    client.recv(4096)  # the wish for TLS
            front.close()

        url = urlunsplit(place._replace(netloc=f"{place.username}@127.0.0.1:{front.getsockname()[1]}"))
        cutting = threading.Thread(target=cut, args=(3,))
        cutting.start()
        with pytest.raises(UnavailableError) as caught:
            open_store(f"{url}?ssl_mode=REQUIRED", max_retries=2).create_session(ConversationSession("s"))
        cutting.join(10)
        assert not cutting.is_alive()
        assert caught.value.retryable


def test_a_statement_without_an_answer_is_given_up_after_the_command_timeout(
    open_store: Open, database_url: str, query: Query, fresh_prefix: str
) -> None:
    store = open_store(database_url, command_timeout=1.5, pool_size=1)
    store.create_session(ConversationSession("s"))
    query("BEGIN")
    query(f"SELECT 1 FROM {fresh_prefix}sessions FOR UPDATE")
    with pytest.raises(OperationTimeoutError, match=r"no answer within 1\.5 s"):
        store.add_messages("s", [message("a"), message("b")])
    query("ROLLBACK")
    store.add_messages("s", [message("a"), message("b")])
    assert [found.id for found in store.get_messages("s")] == ["a", "b"]


def test_a_message_of_ten_megabytes_is_stored_and_a_batch_of_them_too(open_store: Open, database_url: str) -> None:
    store = open_store(database_url)
    store.create_session(ConversationSession("s"))
    store.add_message("s", message("one", "☃x'" * 2_000_000))
    store.add_messages("s", [message(f"of {i}", "y" * 10_000_000) for i in range(3)])
    assert [len(found.content or "") for found in store.get_messages("s")] == [6_000_000, *[10_000_000] * 3]


def test_a_message_larger_than_the_server_takes_is_refused_by_name_of_its_option_and_harms_nothing(
    open_store: Open, database_url: str, query: Query, connections: Callable[[], list[int]]
) -> None:
    store = open_store(database_url, pool_size=1)
    store.create_session(ConversationSession("s"))
    limit = query("SELECT @@max_allowed_packet")[0][0]
    for attempt in (
        lambda: store.add_message("s", message("big", "x" * limit)),
        lambda: store.add_messages("s", [message("small"), message("big", "x" * limit)]),
    ):
        with pytest.raises(InvalidInputError, match="max_allowed_packet"):
            attempt()
    assert store.get_messages("s") == []
    store.add_message("s", message("after"))
    assert len(connections()) == 2, "the store's only connection survived"


@pytest.mark.parametrize("max_retries", [0, 5])
def test_the_victim_of_a_deadlock_is_repeated(
    open_store: Open, database_url: str, query: Query, fresh_prefix: str, max_retries: int
) -> None:
    store = open_store(database_url, max_retries=max_retries)
    store.create_session(ConversationSession("s"))
    store.add_message("s", message("first"))
    query("CREATE TABLE weight (n INT) ENGINE=InnoDB")
    query("BEGIN")
    query(
        "INSERT INTO weight VALUES " + ",".join(f"({n})" for n in range(100))
    )  # the lighter transaction is the victim
    query(f"UPDATE {fresh_prefix}messages SET role = 'changed'")
    outcomes: list[BaseException | None] = []
    writer = threading.Thread(
        target=lambda: outcomes.extend(together(1, lambda _: store.add_messages("s", [message("first"), message("m")])))
    )
    writer.start()
    writer.join(0.7)
    assert writer.is_alive(), "it holds the session and waits for the message"
    query(f"SELECT * FROM {fresh_prefix}sessions FOR UPDATE")
    query(f"UPDATE {fresh_prefix}messages SET role = 'user'")
    query("COMMIT")
    writer.join()
    (outcome,) = outcomes
    if max_retries:
        assert outcome is None
    else:
        assert isinstance(outcome, PersistError)
        assert outcome.retryable
        assert not outcome.ambiguous
        assert "eadlock" in str(outcome)
    assert [found.id for found in store.get_messages("s")] == (["first", "m"] if max_retries else ["first"])


def test_appends_to_one_session_are_in_the_order_of_commits(
    open_store: Open, database_url: str, query: Query, fresh_prefix: str
) -> None:
    store = open_store(database_url)
    store.create_session(ConversationSession("s"))
    store.create_session(ConversationSession("elsewhere"))
    query("BEGIN")
    query(
        f"INSERT INTO {fresh_prefix}messages (id, session_id, role) SELECT 'first', 's', 'user'"
        f" FROM {fresh_prefix}sessions WHERE session_id = 's' FOR UPDATE"
    )
    writer = threading.Thread(target=lambda: store.add_message("s", message("second")))
    writer.start()
    writer.join(0.5)
    assert writer.is_alive(), "the second append did not wait for the first"
    store.add_message("elsewhere", message("at once"))
    assert store.get_messages("s") == []
    query("COMMIT")
    writer.join()
    assert [found.id for found in store.get_messages("s")] == ["first", "second"]


def test_a_cancelled_append_leaves_the_store_usable(database_url: str, query: Query, fresh_prefix: str) -> None:
    async def main() -> None:
        async with AsyncMySQLConversationStore(database_url, table_prefix=fresh_prefix, pool_size=1) as store:
            await store.create_session(ConversationSession("s"))
            query("BEGIN")
            query(f"SELECT 1 FROM {fresh_prefix}sessions FOR UPDATE")
            task = asyncio.create_task(store.add_messages("s", [message("a"), message("b")]))
            await asyncio.sleep(0.5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            query("ROLLBACK")
            await store.add_message("s", message("c"))
            assert [found.id for found in await store.get_messages("s")] == ["c"]

    asyncio.run(main())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_has_connections_of_its_own(database_url: str, fresh_prefix: str) -> None:
    with MySQLConversationStore(database_url, table_prefix=fresh_prefix, pool_size=1) as store:
        store.create_session(ConversationSession("s"))
        child = os.fork()
        if child == 0:
            try:
                store.add_message("s", message("child"))
            except BaseException:
                os._exit(1)
            os._exit(0)
        for i in range(20):
            store.add_message("s", message(str(i)))
        assert exit_code_of(child) == 0
        assert len(store.get_messages("s")) == 21


def test_a_server_out_of_sight_of_strict_mode_gives_the_same_result(
    open_store: Open, database_url: str, query: Query
) -> None:
    before = query("SELECT @@GLOBAL.sql_mode")[0][0]
    query("SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PIPES_AS_CONCAT'")
    try:
        store = open_store(database_url)
        store.create_session(ConversationSession("s"))
        store.add_message("s", message("a", "back\\slash 'quote' \"double\" % \0 \n \x1a"))
        assert store.get_messages("s")[0].content == "back\\slash 'quote' \"double\" % \0 \n \x1a"
        with pytest.raises(PersistError):
            store.create_session(ConversationSession("x" * 256))
    finally:
        query("SET GLOBAL sql_mode = %s", before)
