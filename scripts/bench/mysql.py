"""MySQL: PyMySQL and aiomysql against the mysql and async_mysql stores, on the newest server to be had."""

from __future__ import annotations

import json
import queue
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import aiomysql
import pymysql

from praison_persist import CONVERSATION_STORES, ConversationMessage

from . import conversation
from .conversation import Ours, Pair
from .measure import Blocking, Clock, Looped, Plan, Row
from .messages import COLUMNS, LARGE, LISTED, PAGE, SESSION_COLUMNS, SMALL, WORKERS, fill, session
from .server import running

TARGETS = {"append": 1.3, "tail": 1.3, "growth": 1.1, "all": 1.5, "append together": 1.3, "tail together": 1.3}
NAMES = ("raw", "ours")
CONNECTIONS = {"mysql": 5, "async_mysql": 10}
"""The stores' default pools; the raw side of concurrent rows gets as many."""


class Statements:
    """The raw side's SQL on the tables of one prefix."""

    def __init__(self, prefix: str) -> None:
        marks = ", ".join(["%s"] * len(COLUMNS))
        self.insert = f"INSERT INTO {prefix}messages ({', '.join(COLUMNS)}) VALUES ({marks})"
        self.insert_alike = (
            f"INSERT INTO {prefix}messages ({', '.join(COLUMNS)}) SELECT {marks} FROM {prefix}sessions"
            " WHERE session_id = %s FOR UPDATE ON DUPLICATE KEY UPDATE session_id = VALUES(session_id)"
        )
        self.all = f"SELECT {', '.join(COLUMNS)} FROM {prefix}messages WHERE session_id = %s ORDER BY seq"
        self.newest = f"{self.all} DESC LIMIT %s"
        self.sessions = (
            f"SELECT {', '.join(SESSION_COLUMNS)} FROM {prefix}sessions"
            f" FORCE INDEX FOR ORDER BY (idx_{prefix}sessions_updated) ORDER BY updated_at DESC LIMIT {PAGE}"
        )


class Raw:
    """Connections of PyMySQL in autocommit mode, handed out by a queue where there are several."""

    def __init__(self, url: str, prefix: str, connections: int) -> None:
        self._sql = Statements(prefix)
        self._all = [pymysql.connect(**address(url), database=name(url)) for _ in range(connections)]
        self._free: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for connection in self._all:
            self._free.put(connection)

    def append(self, session_id: str, message: ConversationMessage) -> None:
        self._run(self._sql.insert, values(session_id, message))

    def append_alike(self, session_id: str, message: ConversationMessage) -> None:
        self._run(self._sql.insert_alike, (*values(session_id, message), session_id))

    def newest(self, session_id: str, limit: int | None) -> list[Any]:
        if limit is None:
            return decoded(self._run(self._sql.all, (session_id,)))
        return decoded(self._run(self._sql.newest, (session_id, limit)))[::-1]

    def sessions(self) -> list[Any]:
        return decoded(self._run(self._sql.sessions, ()), 5)

    def close(self) -> None:
        for connection in self._all:
            connection.close()

    def _run(self, sql: str, params: tuple[Any, ...]) -> Any:
        connection = self._free.get()
        cursor = connection.cursor()
        cursor.execute(sql, params)
        rows = cursor.fetchall()
        self._free.put(connection)
        return rows


class AsyncRaw:
    """One connection of aiomysql, or aiomysql's own pool."""

    def __init__(self, prefix: str, connection: Any, pool: Any) -> None:
        self._sql = Statements(prefix)
        self._connection = connection
        self._pool = pool

    @classmethod
    async def open(cls, url: str, prefix: str, connections: int) -> AsyncRaw:
        given = {**address(url), "db": name(url)}
        if connections == 1:
            return cls(prefix, await aiomysql.connect(**given), None)
        return cls(prefix, None, await aiomysql.create_pool(**given, minsize=connections, maxsize=connections))

    async def append(self, session_id: str, message: ConversationMessage) -> None:
        await self._run(self._sql.insert, values(session_id, message))

    async def append_alike(self, session_id: str, message: ConversationMessage) -> None:
        await self._run(self._sql.insert_alike, (*values(session_id, message), session_id))

    async def newest(self, session_id: str, limit: int | None) -> list[Any]:
        if limit is None:
            return decoded(await self._run(self._sql.all, (session_id,)))
        return decoded(await self._run(self._sql.newest, (session_id, limit)))[::-1]

    async def sessions(self) -> list[Any]:
        return decoded(await self._run(self._sql.sessions, ()), 5)

    async def close(self) -> None:
        if self._pool:
            self._pool.close()
            await self._pool.wait_closed()
        else:
            await self._connection.ensure_closed()

    async def _run(self, sql: str, params: tuple[Any, ...]) -> Any:
        connection = self._connection or await self._pool.acquire()
        cursor = await connection.cursor()
        await cursor.execute(sql, params)
        rows = await cursor.fetchall()
        if self._pool:
            self._pool.release(connection)
        return rows


def address(url: str) -> dict[str, Any]:
    """What both drivers take by the same names; without TLS, on either side."""
    parts = urlsplit(url)
    return {
        "host": parts.hostname,
        "port": parts.port or 3306,
        "user": parts.username,
        "password": unquote(parts.password or ""),
        "charset": "utf8mb4",
        "autocommit": True,
        "init_command": "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    }


def name(url: str) -> str:
    """The database."""
    return urlsplit(url).path.strip("/")


def decoded(rows: Any, column: int = 6) -> list[Any]:
    """Rows with their metadata."""
    return [(*row[:column], json.loads(row[column]), *row[column + 1 :]) for row in rows]


def values(session_id: str, message: ConversationMessage) -> tuple[Any, ...]:
    """A message as parameters."""
    return (
        message.id,
        session_id,
        message.role,
        message.content,
        None,
        message.tool_call_id,
        json.dumps(message.metadata),
        message.created_at,
    )


@contextmanager
def database() -> Iterator[str]:
    """The URL of a new, empty database, dropped afterwards; errors as `running`."""
    fresh = f"bench_{secrets.token_hex(6)}"
    with running("mysql") as url:
        with pymysql.connect(**address(url)) as connection:
            connection.cursor().execute(f"CREATE DATABASE {fresh}")
        try:
            yield urlsplit(url)._replace(path=f"/{fresh}").geturl()
        finally:
            with pymysql.connect(**address(url)) as connection:
                connection.cursor().execute(f"DROP DATABASE {fresh}")


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in a database of their own."""
    with database() as url:
        _prepare(url)
        yield from _sync(plan, url)
        yield from _async(plan, url)


def _ours(kind: str, url: str, prefix: str) -> Any:
    return CONVERSATION_STORES.create(kind, url=f"{url}?ssl_mode=DISABLED", table_prefix=prefix)


def _sync(plan: Plan, url: str) -> Iterator[Row]:
    with ExitStack() as stack:

        def open_pair(prefix: str, *, pool: bool = False) -> Pair:
            raw, ours = Raw(url, prefix, CONNECTIONS["mysql"] if pool else 1), _ours("mysql", url, prefix)
            stack.callback(raw.close)
            stack.callback(ours.close)
            return Pair(raw, Ours(ours), NAMES)

        yield from _rows(Blocking(), open_pair, plan)


def _async(plan: Plan, url: str) -> Iterator[Row]:
    clock = Looped()
    closing: list[Any] = []

    def open_pair(prefix: str, *, pool: bool = False) -> Pair:
        raw = clock.run(partial(AsyncRaw.open, url, prefix, CONNECTIONS["async_mysql"] if pool else 1))
        ours = _ours("async_mysql", url, prefix)
        closing.extend((raw.close, ours.close))
        return Pair(raw, Ours(ours), NAMES)

    try:
        yield from _rows(clock, open_pair, plan)
    finally:
        for close in closing:
            clock.run(close)
        clock.close()


def _rows(clock: Clock, open_pair: Callable[..., Pair], plan: Plan) -> Iterator[Row]:
    small, large = open_pair(f"{clock.name}_{SMALL}_"), open_pair(f"{clock.name}_{LARGE}_")
    yield from conversation.rows(clock, small, large, plan, TARGETS)
    raw, ours = open_pair("listed_").sides
    yield conversation.listing(clock, raw, ours, plan, 1.5)
    many = open_pair(f"{clock.name}_many_", pool=True)
    yield from conversation.storms(clock, many, range(WORKERS), SMALL, plan, TARGETS)


def _prepare(url: str) -> None:
    """Tables of every size, filled by the store; each clock has its own, so that both begin alike."""
    for clock in ("sync", "async"):
        for size in (SMALL, LARGE):
            _fill(url, f"{clock}_{size}_", list(NAMES), size)
        _fill(url, f"{clock}_many_", [f"{side}-{number}" for side in NAMES for number in range(WORKERS)], SMALL)
    _fill(url, "listed_", [], 0)
    with pymysql.connect(**address(url), database=name(url)) as connection:
        marks = ", ".join(["%s"] * len(SESSION_COLUMNS))
        rows = [vars(session(f"listed-{number}", number)) for number in range(LISTED)]
        connection.cursor().executemany(
            f"INSERT INTO listed_sessions ({', '.join(SESSION_COLUMNS)}) VALUES ({marks})",
            [[json.dumps(row[key]) if key == "metadata" else row[key] for key in SESSION_COLUMNS] for row in rows],
        )


def _fill(url: str, prefix: str, sessions: list[str], size: int) -> None:
    with _ours("mysql", url, prefix) as store:
        store.setup()
        fill(store, sessions, size)
