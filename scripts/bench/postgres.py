"""PostgreSQL: psycopg and asyncpg against the postgres and async_postgres stores."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import asyncpg
import psycopg
from psycopg_pool import ConnectionPool

from praison_persist import CONVERSATION_STORES, ConversationMessage

from . import conversation
from .conversation import Ours, Pair
from .measure import Blocking, Clock, Looped, Plan, Row
from .messages import COLUMNS, LARGE, LISTED, PAGE, SESSION_COLUMNS, SMALL, WORKERS, fill, session
from .server import database

TARGETS = {"append": 1.3, "tail": 1.3, "growth": 1.1, "all": 1.5, "append together": 1.15, "tail together": 1.3}
NAMES = ("raw", "ours")
CONNECTIONS = {"postgres": 5, "async_postgres": 10}
"""The stores' default pools; the raw side of concurrent rows gets as many."""


class Statements:
    """The raw side's SQL on the tables of one prefix."""

    def __init__(self, prefix: str, mark: Callable[[int], str]) -> None:
        marks = ", ".join(mark(number + 1) for number in range(len(COLUMNS)))
        self.insert: Any = f'INSERT INTO "{prefix}messages" ({", ".join(COLUMNS)}) VALUES ({marks})'
        self.all: Any = f'SELECT {", ".join(COLUMNS)} FROM "{prefix}messages" WHERE session_id = {mark(1)} ORDER BY seq'
        self.newest: Any = f"{self.all} DESC LIMIT {mark(2)}"
        self.sessions: Any = (
            f'SELECT {", ".join(SESSION_COLUMNS)} FROM "{prefix}sessions" ORDER BY updated_at DESC LIMIT {PAGE}'
        )


class Raw:
    """One connection of psycopg in autocommit mode, or psycopg's own pool; every statement is prepared."""

    def __init__(self, url: str, prefix: str, connections: int) -> None:
        self._sql = Statements(prefix, lambda _: "%s")
        self._take: Callable[[], psycopg.Connection[Any]]
        self._give: Callable[[Any], None]
        if connections == 1:
            connection = psycopg.connect(url, autocommit=True)
            self._take, self._give, self.close = lambda: connection, lambda _: None, connection.close
        else:
            pool = ConnectionPool(
                url, kwargs={"autocommit": True}, min_size=connections, max_size=connections, open=True
            )
            pool.wait()
            self._take, self._give, self.close = pool.getconn, pool.putconn, pool.close

    def append(self, session_id: str, message: ConversationMessage) -> None:
        connection = self._take()
        connection.execute(self._sql.insert, values(session_id, message), prepare=True)
        self._give(connection)

    def newest(self, session_id: str, limit: int | None) -> list[Any]:
        if limit is None:
            return self._rows(self._sql.all, (session_id,))
        return self._rows(self._sql.newest, (session_id, limit))[::-1]

    def sessions(self) -> list[Any]:
        return self._rows(self._sql.sessions, ())

    def _rows(self, sql: Any, params: tuple[Any, ...]) -> list[Any]:
        connection = self._take()
        rows = connection.execute(sql, params, prepare=True).fetchall()  # decodes JSON
        self._give(connection)
        return rows


class AsyncRaw:
    """One connection of asyncpg, or asyncpg's own pool without its reset query; every statement is prepared."""

    def __init__(self, prefix: str, connection: Any, pool: Any) -> None:
        self._sql = Statements(prefix, lambda number: f"${number}")
        self._connection = connection
        self._pool = pool

    @classmethod
    async def open(cls, url: str, prefix: str, connections: int) -> AsyncRaw:
        if connections == 1:
            return cls(prefix, await asyncpg.connect(url), None)
        pool = await asyncpg.create_pool(url, min_size=connections, max_size=connections, reset=_no_reset)
        return cls(prefix, None, pool)

    async def append(self, session_id: str, message: ConversationMessage) -> None:
        connection = self._connection or await self._pool.acquire()
        await connection.execute(self._sql.insert, *values(session_id, message))
        if self._pool:
            await self._pool.release(connection)

    async def newest(self, session_id: str, limit: int | None) -> list[Any]:
        if limit is None:
            return self._decoded(await self._rows(self._sql.all, session_id))
        return self._decoded(reversed(await self._rows(self._sql.newest, session_id, limit)))

    async def sessions(self) -> list[Any]:
        rows = await self._rows(self._sql.sessions)
        return [(*row[:5], json.loads(row[5]), *row[6:]) for row in rows]

    async def close(self) -> None:
        await (self._pool or self._connection).close()

    async def _rows(self, sql: Any, *params: Any) -> list[Any]:
        connection = self._connection or await self._pool.acquire()
        rows = await connection.fetch(sql, *params)
        if self._pool:
            await self._pool.release(connection)
        return rows

    @staticmethod
    def _decoded(rows: Any) -> list[Any]:
        return [(*row[:6], json.loads(row[6]), row[7]) for row in rows]


async def _no_reset(connection: Any) -> None:
    """The store sends no reset query either."""


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


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in a database of their own."""
    with database() as url:
        _prepare(url)
        yield from _sync(plan, url)
        yield from _async(plan, url)


def _sync(plan: Plan, url: str) -> Iterator[Row]:
    with ExitStack() as stack:

        def open_pair(prefix: str, *, pool: bool = False) -> Pair:
            raw = Raw(url, prefix, CONNECTIONS["postgres"] if pool else 1)
            ours = CONVERSATION_STORES.create("postgres", url=url, table_prefix=prefix)
            stack.callback(raw.close)
            stack.callback(ours.close)
            return Pair(raw, Ours(ours), NAMES)

        yield from _rows(Blocking(), open_pair, plan)


def _async(plan: Plan, url: str) -> Iterator[Row]:
    clock = Looped()
    closing: list[Any] = []

    def open_pair(prefix: str, *, pool: bool = False) -> Pair:
        connections = CONNECTIONS["async_postgres"] if pool else 1
        raw = clock.run(partial(AsyncRaw.open, url, prefix, connections))
        ours = CONVERSATION_STORES.create("async_postgres", url=url, table_prefix=prefix)
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
        _fill(url, f"{clock}_many_", [f"{name}-{number}" for name in NAMES for number in range(WORKERS)], SMALL)
    _fill(url, "listed_", [], 0)
    with psycopg.connect(url, autocommit=True) as connection:
        columns, marks = ", ".join(SESSION_COLUMNS), ", ".join(["%s"] * len(SESSION_COLUMNS))
        insert: Any = f'INSERT INTO "listed_sessions" ({columns}) VALUES ({marks})'
        rows = [vars(session(f"listed-{number}", number)) for number in range(LISTED)]
        connection.cursor().executemany(
            insert,
            [[json.dumps(row[name]) if name == "metadata" else row[name] for name in SESSION_COLUMNS] for row in rows],
        )
        connection.execute("VACUUM ANALYZE")


def _fill(url: str, prefix: str, sessions: list[str], size: int) -> None:
    with CONVERSATION_STORES.create("postgres", url=url, table_prefix=prefix) as store:
        store.setup()
        fill(store, sessions, size)
