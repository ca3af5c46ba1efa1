"""`_SQLConversationStoreBase` as PraisonAI's "Backend Plugins" page shows it: the page's class with its bodies filled
in runs on a real server, and three classes completed for real drivers keep the whole conversation contract."""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from praison_persist.conversation import ConversationMessage, ConversationSession, ConversationStore
from praison_persist.errors import (
    AlreadyExistsError,
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    UnavailableError,
)
from praison_persist.sql import SQLITE, _SQLConversationStoreBase
from praison_persist_testkit import ConversationConformance, Target

# Word for word; the page's last line, "... implement other dialect hooks", is a comment.
BLOCK = """
from praisonai.persistence.conversation._sql_base import _SQLConversationStoreBase

class MyDBConversationStore(_SQLConversationStoreBase):
    # Constants for this dialect
    SCHEMA_VERSION = "1.0.0"  # Inherited from base
    _id_type = "UUID"
    _json_type = "JSONB"
    _float_type = "DOUBLE PRECISION"
    _serverless_hosts = (".mydb.cloud",)
    
    # Required dialect hooks
    def _param(self, n: int) -> str:
        return f"${n}"  # PostgreSQL-style parameters
    
    async def _connect(self, **kwargs):
        # Return connection for this dialect
        pass
    
    def _get_conn(self):
        # Get connection from pool
        pass
    
    def _put_conn(self, conn):
        # Return connection to pool  
        pass
    
    async def _execute(self, conn, query: str, *args):
        # Execute query with this dialect
        pass
    
    # ... implement other dialect hooks
"""  # fmt: skip  # noqa: W291, W293

BODIES = {
    "# Return connection for this dialect": """
        import asyncpg
        self.pool = await asyncpg.create_pool(kwargs["url"], min_size=1, max_size=8)
        return self.pool""",
    "# Get connection from pool": """
        return self.pool.acquire()""",
    "# Return connection to pool  ": """
        return self.pool.release(conn)""",
    "# Execute query with this dialect": """
        if query.startswith("SELECT"):
            rows = await conn.fetch(query, *args)
            return rows, len(rows)
        count = (await conn.execute(query, *args)).rpartition(" ")[2]
        return (), int(count) if count.isdigit() else 0""",
    "# ... implement other dialect hooks": """
    async def _disconnect(self):
        await self.pool.close()""",
}


def block_class(*, filled: bool) -> type[_SQLConversationStoreBase]:
    """The page's class, as it stands or with its comments replaced by code."""
    source = BLOCK.replace("praisonai.persistence.conversation._sql_base", "praison_persist.sql")
    if filled:
        for comment, body in BODIES.items():
            assert source.count(comment) == 1
            source = source.replace(f"{comment}\n        pass", body.strip()).replace(comment, body.strip())
    scope: dict[str, Any] = {}
    exec(compile(source, "Backend Plugins", "exec"), scope)
    return scope["MyDBConversationStore"]


def test_the_class_of_the_page_can_be_made_as_it_stands() -> None:
    store = block_class(filled=False)(url="mydb://user:secret@db.mydb.cloud/app")
    assert isinstance(store, ConversationStore)
    assert store.SCHEMA_VERSION == "1.0.0"
    assert "secret" not in repr(store)
    with pytest.raises(ConfigurationError, match="_execute returned NoneType") as failure:
        store.list_sessions()
    assert "(rows, rowcount)" in str(failure.value)
    store.close()


def test_serverless_hosts_get_longer_patience() -> None:
    cls = block_class(filled=False)
    near, far = cls(url="mydb://localhost/app"), cls(url="mydb://db.mydb.cloud/app")
    assert far._run.retry.max_retries > near._run.retry.max_retries
    assert cls(url="mydb://x.mydb.cloud.example.org/app")._run.retry == near._run.retry
    assert cls(max_retries=7, retry_delay=0.25)._run.retry.max_retries == 7


def test_the_class_of_the_page_with_its_bodies_filled_in_stores_uuids(database_url: str, fresh_prefix: str) -> None:
    session_id, message_id = str(uuid.uuid4()), str(uuid.uuid4())
    message = ConversationMessage(id=message_id, role="tool", content="12:00\0", tool_call_id="call_1")
    with block_class(filled=True)(url=database_url, table_prefix=fresh_prefix) as store:
        session = store.create_session(
            ConversationSession(session_id, user_id="ann", name="not a UUID", state={"n": 1})
        )
        assert store.get_session(session_id) == session
        with pytest.raises(AlreadyExistsError):
            store.create_session(session)
        store.add_message(session_id, message)
        store.add_message(session_id, message)
        with pytest.raises(ConflictError):
            store.add_message(session_id, ConversationMessage(id=message_id, role="user", content="other"))
        store.add_messages(session_id, [ConversationMessage(role="user", content=str(i)) for i in range(5)])
        assert [one.content for one in store.get_messages(session_id)] == ["12:00\0", "0", "1", "2", "3", "4"]
        assert store.get_messages(session_id, limit=1)[0].session_id == session_id
        assert len(list(store.iter_messages(session_id, batch_size=2))) == 6
        assert store.delete_messages(session_id, [message_id]) == 1
    with block_class(filled=True)(url=database_url, table_prefix=fresh_prefix) as store:
        assert len(store.get_messages(session_id)) == 5
        assert store.delete_session(session_id)


@pytest.mark.parametrize(("mark", "allowed"), [("%s", True), ("?", True), ("$1", True), (":1", False), ("", False)])
def test_an_unknown_placeholder_is_a_configuration_error(mark: str, allowed: bool) -> None:
    cls = type("Other", (block_class(filled=False),), {"_param": lambda self, n: mark})
    if allowed:
        cls()
    else:
        with pytest.raises(ConfigurationError, match="_param"):
            cls()


class AsyncpgStore(block_class(filled=True)):  # type: ignore[misc]
    """The page's class with ids that need not be UUIDs."""

    _id_type = "VARCHAR(255)"


class PsycopgStore(_SQLConversationStoreBase):
    """On a blocking driver with its pool."""

    _transient_errors = (psycopg.OperationalError,)

    def _param(self, n: int) -> str:
        return "%s"

    def _connect(self, *, url: str) -> None:
        self.pool = ConnectionPool(url, kwargs={"autocommit": True}, min_size=1, max_size=8, open=True)

    def _get_conn(self) -> Any:
        return self.pool.getconn()

    def _put_conn(self, conn: Any) -> None:
        self.pool.putconn(conn)

    def _execute(self, conn: Any, query: str, *args: Any) -> Any:
        return conn.execute(query, args or None)

    def _disconnect(self) -> None:
        self.pool.close()


class SQLiteStore(_SQLConversationStoreBase):
    """On a driver without a pool, in another dialect."""

    _dialect = SQLITE
    _json_type = "TEXT"
    _float_type = "REAL"

    def _param(self, n: int) -> str:
        return "?"

    def _connect(self, *, url: str) -> None:
        self.path = url.removeprefix("sqlite:///")

    def _get_conn(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    def _put_conn(self, conn: sqlite3.Connection) -> None:
        conn.close()

    def _execute(self, conn: sqlite3.Connection, query: str, *args: Any) -> Any:
        return conn.execute(query, args)


class TestPageOnAsyncpg(ConversationConformance):
    @pytest.fixture
    def target(self, database_url: str, fresh_prefix: str) -> Target:
        return Target("asyncpg hooks", factory=lambda: AsyncpgStore(url=database_url, table_prefix=fresh_prefix))


class TestHooksOnPsycopg(ConversationConformance):
    @pytest.fixture
    def target(self, database_url: str, fresh_prefix: str) -> Target:
        return Target("psycopg hooks", factory=lambda: PsycopgStore(url=database_url, table_prefix=fresh_prefix))


class TestHooksOnSqlite3(ConversationConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target("sqlite3 hooks", factory=lambda: SQLiteStore(url=f"sqlite:///{tmp_path}/it.db"))


def test_a_broken_connection_is_closed_before_it_is_put_back(database_url: str, fresh_prefix: str) -> None:
    given_back: list[bool] = []

    class Watched(PsycopgStore):
        def _put_conn(self, conn: Any) -> None:
            given_back.append(conn.closed)
            super()._put_conn(conn)

    with Watched(url=database_url, table_prefix=fresh_prefix, retry_delay=0) as store:
        store.create_session(ConversationSession("s"))
        given_back.clear()
        with psycopg.connect(database_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        store.add_message("s", ConversationMessage(role="user", content="after"))
        assert given_back[0], "the one that broke"
        assert not given_back[-1], "the one that did the work"
        assert [message.content for message in store.get_messages("s")] == ["after"]


def test_errors_that_are_not_declared_transient_are_not_retried(tmp_path: Path) -> None:
    calls: list[str] = []

    class Failing(SQLiteStore):
        def _execute(self, conn: sqlite3.Connection, query: str, *args: Any) -> Any:
            calls.append(query)
            raise sqlite3.OperationalError("broken")

    class Transient(Failing):
        _transient_errors = (sqlite3.OperationalError,)

    with Failing(url=f"sqlite:///{tmp_path}/it.db", retry_delay=0) as store, pytest.raises(sqlite3.OperationalError):
        store.list_sessions()
    assert len(calls) == 1
    with Transient(url=f"sqlite:///{tmp_path}/it.db", retry_delay=0) as store, pytest.raises(UnavailableError):
        store.list_sessions()
    assert len(calls) == 5


def test_bad_table_prefixes_are_refused_before_any_connection() -> None:
    with pytest.raises(InvalidInputError, match="table_prefix"):
        PsycopgStore(url="postgresql://nowhere.invalid/x", table_prefix='x"; DROP TABLE y; --')
