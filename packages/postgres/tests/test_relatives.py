"""Servers that speak PostgreSQL's protocol: CockroachDB's rules on a real PostgreSQL, and databases that wake up."""

from __future__ import annotations

import re
import secrets
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from praison_persist.aio import sync_view
from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import ConfigurationError, UnavailableError
from praison_persist.sql import COCKROACHDB, POSTGRES, Tables
from praison_persist.sql.schema import conversation_migrator, state_migrator
from praison_persist_postgres import AsyncPostgresConversationStore, PostgresConversationStore, PostgresStateStore
from praison_persist_testkit import ConversationConformance, StateConformance, Target


@pytest.fixture(scope="session")
def serializable_url(postgres_url: str) -> Iterator[str]:
    """A database whose transactions are serializable unless they say otherwise, as CockroachDB's are."""
    name = f"praison_persist_test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        server.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")  # type: ignore[arg-type]
        yield urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def _target(name: str, url: str, prefix: str) -> Target:
    options = {"table_prefix": prefix, "pool_size": 8, "server": "cockroachdb", "max_retries": 20, "retry_delay": 0.02}
    return Target(name, url=url, options=options, secret=urlsplit(url).password)


class TestPostgresByCockroachsRules(ConversationConformance):
    @pytest.fixture
    def target(self, serializable_url: str, fresh_prefix: str) -> Target:
        return _target("cockroachdb", serializable_url, fresh_prefix)


class TestAsyncPostgresByCockroachsRules(ConversationConformance):
    @pytest.fixture
    def target(self, serializable_url: str, fresh_prefix: str) -> Target:
        return _target("async_postgres", serializable_url, fresh_prefix)


class TestPostgresStateByCockroachsRules(StateConformance):
    @pytest.fixture
    def target(self, serializable_url: str, fresh_prefix: str) -> Target:
        return _target("postgres", serializable_url, fresh_prefix)


def together(count: int, job: Callable[[int], Any]) -> list[Exception]:
    """Run it in so many threads at once; what was raised."""
    errors: list[Exception] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait(30)
        try:
            job(number)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_set_up_without_a_lock_may_race(serializable_url: str, fresh_prefix: str) -> None:
    def work(number: int) -> None:
        with PostgresConversationStore(
            serializable_url, table_prefix=fresh_prefix, server="cockroachdb", max_retries=20, retry_delay=0.02
        ) as store:
            store.create_session(ConversationSession(str(number)))

    assert together(8, work) == []
    with psycopg.connect(serializable_url) as connection:
        log = f"SELECT version FROM {fresh_prefix}schema_migrations ORDER BY version"
        assert connection.execute(log).fetchall() == [(1,), (2,)]  # type: ignore[arg-type]


def test_transactions_that_the_server_wants_repeated_are_repeated(serializable_url: str, fresh_prefix: str) -> None:
    """Read and write in one serializable transaction: without repeating, most of these fail with 40001."""

    def work(store: PostgresStateStore) -> Callable[[int], Any]:
        return lambda _: [store.incr("n") for _ in range(10)]

    options: dict[str, Any] = {"table_prefix": fresh_prefix, "server": "cockroachdb", "pool_size": 8}
    with PostgresStateStore(serializable_url, max_retries=0, **options) as store:
        store.setup()
        assert together(8, work(store)), "the server does not ask for it, so that this test says nothing"
    with PostgresStateStore(serializable_url, max_retries=50, retry_delay=0.02, **options) as store:
        store.set("n", 0)
        assert together(8, work(store)) == []
        assert store.get("n") == 80


def test_appends_need_no_more_than_the_usual_repeats(serializable_url: str, fresh_prefix: str) -> None:
    with PostgresConversationStore(serializable_url, table_prefix=fresh_prefix, server="cockroachdb") as store:
        store.create_session(ConversationSession("s"))
        assert (
            together(
                16,
                lambda number: [
                    store.add_message("s", ConversationMessage(id=f"{number}-{i}", role="user")) for i in range(10)
                ],
            )
            == []
        )
        assert len(store.get_messages("s")) == 160


def test_cockroachs_sql_has_nothing_that_its_documents_exclude() -> None:
    tables = Tables(COCKROACHDB, "praison_", "public")
    steps = [
        step.sql.format(**migrator.fields)
        for migrator in (conversation_migrator(tables), state_migrator(tables))
        for migration in migrator.migrations
        for step in migration.steps
    ]
    sql = "\n".join([*steps, COCKROACHDB.begin, COCKROACHDB.lock_row, COCKROACHDB.lock_schema or ""])
    for word in (
        "EXTENSION",
        "advisory",
        "hashtext",
        "ctid",
        "COLLATE",
        "READ COMMITTED",
        "NO KEY",
        "setval",
        "DROP CONST",
    ):
        assert not re.search(word, sql, re.IGNORECASE), word


@pytest.mark.parametrize(
    ("url", "server", "cockroach"),
    [
        ("cockroachdb://h/d", "auto", True),
        ("postgresql://u:p@free-tier.aws-eu-west-1.cockroachlabs.cloud:26257/d", "auto", True),
        ("postgresql://h:26257/d", "auto", False),
        ("postgresql://h:26257/d", "cockroachdb", True),
        ("cockroachdb://h/d", "postgresql", False),
        ("postgresql://x.cockroachlabs.cloud.example.org/d", "auto", False),
    ],
)
def test_cockroachdb_is_told_by_scheme_host_or_option(url: str, server: Any, cockroach: bool) -> None:
    for cls in (PostgresConversationStore, PostgresStateStore, AsyncPostgresConversationStore):
        settings = cls(url, server=server)._settings
        assert settings.dialect is (COCKROACHDB if cockroach else POSTGRES)


def test_a_server_that_is_not_known_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="server must be"):
        PostgresConversationStore("postgresql://h/d", server="oracle")  # type: ignore[arg-type]


def test_serverless_hosts_are_tried_twice_as_often() -> None:
    here, there = (
        PostgresConversationStore(f"postgresql://u:p@{host}/d", max_retries=4)._run.retry.max_retries
        for host in ("db.example.org", "ep-x.eu.aws.neon.tech")
    )
    assert (here, there) == (4, 8)


class Sleeper:
    """A database that wakes up when called: answers a few times that it is starting, then passes connections on."""

    def __init__(self, url: str, *, starting: int) -> None:
        parts = urlsplit(url)
        self.address = (parts.hostname, parts.port)
        self.starting = starting
        self.calls = 0
        self.server = socket.create_server(("127.0.0.1", 0))
        port = self.server.getsockname()[1]
        self.url = parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{port}").geturl()
        self.sockets: list[socket.socket] = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                near = self.server.accept()[0]
            except OSError:
                return
            self.sockets.append(near)
            self.calls += 1
            threading.Thread(target=self.greet, args=(near, self.calls), daemon=True).start()

    def greet(self, near: socket.socket, call: int) -> None:
        if call <= self.starting:
            with near:
                while near.recv(8)[4:8] in (struct.pack("!i", 80877103), struct.pack("!i", 80877104)):
                    near.sendall(b"N")  # no TLS, no GSSAPI
                near.recv(4096)
                body = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
                near.sendall(b"E" + struct.pack("!i", 4 + len(body)) + body)
            return
        far = socket.create_connection(self.address)
        self.sockets.append(far)
        threading.Thread(target=self.copy, args=(near, far), daemon=True).start()
        self.copy(far, near)

    def copy(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def close(self) -> None:
        for one in [self.server, *self.sockets]:
            one.close()


@pytest.mark.parametrize("cls", [PostgresConversationStore, AsyncPostgresConversationStore])
def test_a_database_that_is_still_starting_is_waited_for(database_url: str, fresh_prefix: str, cls: Any) -> None:
    sleeper = Sleeper(database_url, starting=5)
    made = cls(sleeper.url, table_prefix=fresh_prefix, max_retries=6, retry_delay=0.05)
    with sync_view(made) if cls is AsyncPostgresConversationStore else made as store:
        store.create_session(ConversationSession("s"))
        assert store.get_session("s") is not None
    assert sleeper.calls > 5
    sleeper.close()


@pytest.mark.parametrize("cls", [PostgresConversationStore, AsyncPostgresConversationStore])
def test_a_database_that_does_not_wake_up_is_an_error_that_says_so(
    database_url: str, fresh_prefix: str, cls: Any
) -> None:
    sleeper = Sleeper(database_url, starting=100)
    made = cls(sleeper.url, table_prefix=fresh_prefix, max_retries=2, retry_delay=0)
    with (
        sync_view(made) if cls is AsyncPostgresConversationStore else made as store,
        pytest.raises(UnavailableError, match="starting up"),
    ):
        store.setup()
    sleeper.close()
