"""SQLite: sqlite3 and aiosqlite against the sqlite and async_sqlite stores."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from praison_persist import CONVERSATION_STORES, ConversationMessage

from . import conversation
from .conversation import Ours, Pair
from .measure import Blocking, Looped, Plan, Row, compare
from .messages import COLUMNS, LARGE, LISTED, PAGE, SESSION_COLUMNS, SMALL, WORKERS, fill, session

INSERT = f"INSERT INTO praison_messages ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
NEWEST = f"SELECT {', '.join(COLUMNS)} FROM praison_messages WHERE session_id = ? ORDER BY seq"
SESSIONS = f"SELECT {', '.join(SESSION_COLUMNS)} FROM praison_sessions ORDER BY updated_at DESC LIMIT {PAGE}"
PRAGMAS = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON")
SYNC = {"append": 1.3, "tail": 1.5, "growth": 1.1, "all": 1.5, "append together": 1.3, "tail together": 1.5}
ASYNC = {**SYNC, "append": 1.0, "append together": 1.0}


class Raw:
    """One connection of sqlite3 in autocommit mode, behind a lock where threads share it."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._lock = threading.Lock()
        for pragma in PRAGMAS:
            self._connection.execute(pragma)

    def append(self, session_id: str, message: ConversationMessage) -> None:
        with self._lock:
            self._connection.execute(INSERT, values(session_id, message))

    def newest(self, session_id: str, limit: int | None) -> list[Any]:
        sql, params = newest(session_id, limit)
        with self._lock:
            rows = self._connection.execute(sql, params).fetchall()
        return decoded(rows, limit)

    def sessions(self) -> list[Any]:
        with self._lock:
            rows = self._connection.execute(SESSIONS).fetchall()
        return [(*row[:5], json.loads(row[5]), *row[6:]) for row in rows]

    def close(self) -> None:
        self._connection.close()


class AsyncRaw:
    """One connection of aiosqlite.

    Args:
        autocommit: an INSERT is one hop to its thread; otherwise INSERT and commit are two, behind a lock, so that
            every message is a transaction of its own.
    """

    def __init__(self, connection: Any, lock: Any, *, autocommit: bool) -> None:
        self._connection = connection
        self._lock = lock
        self._autocommit = autocommit

    async def append(self, session_id: str, message: ConversationMessage) -> None:
        if self._autocommit:
            await self._connection.execute(INSERT, values(session_id, message))
            return
        async with self._lock:
            await self._connection.execute(INSERT, values(session_id, message))
            await self._connection.commit()

    async def newest(self, session_id: str, limit: int | None) -> list[Any]:
        return decoded(await self._connection.execute_fetchall(*newest(session_id, limit)), limit)

    async def sessions(self) -> list[Any]:
        rows = await self._connection.execute_fetchall(SESSIONS)
        return [(*row[:5], json.loads(row[5]), *row[6:]) for row in map(tuple, rows)]


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


def newest(session_id: str, limit: int | None) -> tuple[str, tuple[Any, ...]]:
    """The query for the newest messages."""
    return (NEWEST, (session_id,)) if limit is None else (f"{NEWEST} DESC LIMIT ?", (session_id, limit))


def decoded(rows: Any, limit: int | None) -> list[Any]:
    """Rows in chronological order, with their metadata."""
    ordered = rows if limit is None else reversed(rows)
    return [(*row[:6], json.loads(row[6]), row[7]) for row in ordered]


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in a temporary directory."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        yield from _sync(plan, home)
        yield from _async(plan, home)


def _sync(plan: Plan, home: Path) -> Iterator[Row]:
    clock = Blocking()
    with ExitStack() as stack:

        def open_pair(name: str) -> Pair:
            raw, ours = Raw(home / f"{name}-raw.db"), CONVERSATION_STORES.create("sqlite", path=home / f"{name}.db")
            stack.callback(raw.close)
            stack.callback(ours.close)
            return Pair(raw, Ours(ours), ("s", "s"))

        for size in (SMALL, LARGE):
            _database(home, f"sync-{size}", ["s"], size)
        small, large = open_pair(f"sync-{SMALL}"), open_pair(f"sync-{LARGE}")
        yield from conversation.rows(clock, small, large, plan, SYNC)
        _database(home, "listed", [], 0, listed=LISTED)
        raw, ours = open_pair("listed").sides
        yield conversation.listing(clock, raw, ours, plan, 1.5)
        _database(home, "sync-many", [f"s-{number}" for number in range(WORKERS)], SMALL)
        yield from conversation.storms(clock, open_pair("sync-many"), range(WORKERS), SMALL, plan, SYNC)


def _async(plan: Plan, home: Path) -> Iterator[Row]:
    import asyncio

    import aiosqlite  # needed by this benchmark only

    clock = Looped()
    closing: list[Any] = []

    def open_pair(name: str, *, autocommit: bool = False) -> Pair:
        async def connect() -> AsyncRaw:
            connection = await aiosqlite.connect(
                home / f"{name}-raw.db", isolation_level=None if autocommit else "DEFERRED"
            )
            closing.append(connection.close)
            for pragma in PRAGMAS:
                await connection.execute(pragma)
            return AsyncRaw(connection, asyncio.Lock(), autocommit=autocommit)

        store = CONVERSATION_STORES.create("async_sqlite", path=home / f"{name}.db")
        closing.append(store.close)
        return Pair(clock.run(connect), Ours(store), ("s", "s"))

    try:
        for size in (SMALL, LARGE):
            _database(home, f"async-{size}", ["s"], size)
        small, large = open_pair(f"async-{SMALL}"), open_pair(f"async-{LARGE}")
        yield from conversation.rows(clock, small, large, plan, ASYNC)
        _database(home, "one-hop", ["s"], SMALL)
        raw, ours = open_pair("one-hop", autocommit=True).appends()
        name = f"async: append at {SMALL}, raw in autocommit"
        yield compare(name, clock, raw, ours, plan, target=None)
        many = [f"s-{number}" for number in range(WORKERS)]
        _database(home, "async-many", many, SMALL)
        yield from conversation.storms(clock, open_pair("async-many"), range(WORKERS), SMALL, plan, ASYNC)
    finally:
        for close in closing:
            clock.run(close)
        clock.close()


def _database(home: Path, name: str, sessions: Sequence[str], size: int, *, listed: int = 0) -> None:
    """The same file twice: ``<name>.db`` and ``<name>-raw.db``."""
    with CONVERSATION_STORES.create("sqlite", path=home / f"{name}.db") as store:
        store.setup()
        fill(store, sessions, size)
    with sqlite3.connect(home / f"{name}.db") as connection:
        connection.executemany(
            f"INSERT INTO praison_sessions ({', '.join(SESSION_COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [_listed(number) for number in range(listed)],
        )
    connection.close()
    shutil.copy(home / f"{name}.db", home / f"{name}-raw.db")


def _listed(number: int) -> tuple[Any, ...]:
    one = session(f"listed-{number}", number)
    return (
        one.session_id,
        one.user_id,
        one.agent_id,
        one.name,
        None,
        json.dumps(one.metadata),
        one.created_at,
        one.updated_at,
    )
