"""A server that is away, frozen or busy: each is told from the others, at once where it can be, and got over."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
import pytest

from praison_persist.aio import sync_view
from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import ConfigurationError, InvalidInputError, OperationTimeoutError, UnavailableError
from praison_persist_postgres import AsyncPostgresConversationStore, PostgresConversationStore
from praison_persist_postgres.settings import Settings

Open = Callable[..., Any]


@pytest.fixture(params=["blocking", "asynchronous"])
def open_store(request: pytest.FixtureRequest, fresh_prefix: str) -> Iterator[Open]:
    """Makes a store of either kind that is not retried, so that every failure shows."""
    with ExitStack() as stack:

        def make(url: str, **options: Any) -> Any:
            options = {"table_prefix": fresh_prefix, "max_retries": 0, **options}
            if request.param == "blocking":
                return stack.enter_context(PostgresConversationStore(url, **options))
            return stack.enter_context(sync_view(AsyncPostgresConversationStore(url, **options)))

        yield make


def message(id_: str) -> ConversationMessage:
    return ConversationMessage(id=id_, role="user", content=id_)


def failures(count: int, job: Callable[[int], Any]) -> list[BaseException | None]:
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


def test_calls_to_a_dead_server_do_not_wait_for_the_pool_and_succeed_once_it_is_back(
    open_store: Open, postgres_engine: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    store = open_store(postgres_engine.url, pool_size=2, timeout=600)
    store.create_session(ConversationSession("s"))
    failures(8, lambda number: store.add_message("s", message(f"before {number}")))
    postgres_engine.kill()
    try:
        for _ in range(3):
            for failure in failures(16, lambda number: store.add_message("s", message(f"during {number}"))):
                assert isinstance(failure, UnavailableError)
                assert not isinstance(failure, OperationTimeoutError)
                assert failure.retryable
    finally:
        postgres_engine.restart()
    assert failures(16, lambda number: store.add_message("s", message(f"after {number}"))) == [None] * 16
    assert sorted(found.id for found in store.get_messages("s") if not found.id.startswith("before")) == sorted(
        f"after {number}" for number in range(16)
    )
    assert [record.getMessage() for record in caplog.records if record.name != "asyncio"] == []


def test_connections_that_died_while_idle_cost_not_even_a_retry(database_url: str, fresh_prefix: str) -> None:
    url = f"{database_url}?application_name={fresh_prefix}"
    with (
        PostgresConversationStore(url, table_prefix=fresh_prefix, max_retries=0) as store,
        psycopg.connect(database_url, autocommit=True) as admin,
    ):
        for number in range(3):
            store.create_session(ConversationSession(str(number)))
            ended = admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s",
                (fresh_prefix,),
            )
            assert len(ended.fetchall()) == 1


def test_a_busy_pool_is_waited_for(open_store: Open, database_url: str, fresh_prefix: str) -> None:
    store = open_store(database_url, pool_size=1)
    store.create_session(ConversationSession("s"))
    with psycopg.connect(database_url) as admin:
        admin.execute(f'SELECT 1 FROM "{fresh_prefix}sessions" FOR UPDATE')  # type: ignore[arg-type]
        results: list[BaseException | None] = []
        writers = threading.Thread(
            target=lambda: results.extend(failures(6, lambda number: store.add_message("s", message(str(number)))))
        )
        writers.start()
        writers.join(0.5)
        assert writers.is_alive()
        admin.rollback()
        writers.join()
    assert results == [None] * 6
    assert len(store.get_messages("s")) == 6


@pytest.fixture
def silent_url(silent_port: int) -> str:
    """A server that accepts connections and never says a word."""
    return f"postgresql://u:s3cret-p4ss@127.0.0.1:{silent_port}/d"


def test_a_server_that_accepts_and_never_answers_is_given_up_after_the_connect_timeout(
    open_store: Open, silent_url: str
) -> None:
    store = open_store(silent_url, connect_timeout=2, max_retries=5, pool_size=1)
    for failure in failures(4, lambda _: store.get_session("s")):
        assert isinstance(failure, OperationTimeoutError)
        assert "no answer within 2 s while connecting" in str(failure)
        assert "s3cret-p4ss" not in f"{failure} {failure!r}"


class Line:
    """A TCP connection to a server that can be frozen, as by a network that drops packets."""

    def __init__(self, host: str, port: int) -> None:
        self.address = (host, port)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.server.getsockname()[1]
        self.flows = threading.Event()
        self.flows.set()
        self.sockets: list[socket.socket] = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                near = self.server.accept()[0]
                far = socket.create_connection(self.address)
            except OSError:
                return
            self.sockets += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self.copy, args=(source, target), daemon=True).start()

    def copy(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self.flows.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return

    @contextmanager
    def frozen(self) -> Iterator[None]:
        self.flows.clear()
        try:
            yield
        finally:
            self.flows.set()

    def close(self) -> None:
        self.flows.set()
        for one in [self.server, *self.sockets]:
            one.close()


@pytest.fixture
def line(database_url: str) -> Iterator[Line]:
    at = Settings.of(
        database_url, host="", port=0, database="", user="", password="", schema="public", pool_size=1, timeout=1,
        connect_timeout=2, command_timeout=None, pooler="auto",
    ).parameters  # fmt: skip
    made = Line(at["host"], int(at["port"]))
    yield made
    made.close()


def through(line: Line, url: str) -> str:
    head, _, tail = url.rpartition("@")
    return f"{head}@127.0.0.1:{line.port}/{tail.partition('/')[2]}"


def test_a_statement_without_an_answer_is_given_up_after_the_command_timeout(
    open_store: Open, line: Line, database_url: str
) -> None:
    store = open_store(through(line, database_url), command_timeout=1, connect_timeout=2, pool_size=1)
    store.create_session(ConversationSession("s"))
    with line.frozen(), pytest.raises(OperationTimeoutError, match="no answer within 1 s") as failure:
        store.add_message("s", message("a"))
    assert failure.value.ambiguous, "it may have been stored"
    store.add_message("s", message("a"))
    assert [found.id for found in store.get_messages("s")] == ["a"]


def test_a_transaction_without_an_answer_is_given_up_as_a_whole(
    open_store: Open, database_url: str, fresh_prefix: str
) -> None:
    store = open_store(database_url, command_timeout=1, pool_size=1)
    store.create_session(ConversationSession("s"))
    with psycopg.connect(database_url) as admin:
        admin.execute(f'SELECT 1 FROM "{fresh_prefix}sessions" FOR UPDATE')  # type: ignore[arg-type]
        with pytest.raises(OperationTimeoutError, match="no answer within 1 s"):
            store.add_messages("s", [message("a"), message("b")])
    assert store.get_messages("s") == []
    store.add_messages("s", [message("a"), message("b")])
    assert len(store.get_messages("s")) == 2


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan"])
def test_a_connect_timeout_without_an_end_is_refused_in_a_url_too(seconds: str) -> None:
    for cls in (PostgresConversationStore, AsyncPostgresConversationStore):
        with pytest.raises((ConfigurationError, InvalidInputError), match="connect_timeout"):
            cls(f"postgresql://h/d?connect_timeout={seconds}")
