"""libSQL: the embedded engine's own connection against the turso store, on files."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import libsql

from praison_persist import CONVERSATION_STORES, ConversationMessage

from . import conversation
from .conversation import Ours, Pair
from .measure import Blocking, Plan, Row
from .messages import LARGE, SMALL, WORKERS, fill
from .sqlite import INSERT, PRAGMAS, SYNC, decoded, newest, values


class Raw:
    """One connection of libsql in autocommit mode, behind a lock where threads share it."""

    def __init__(self, path: Path) -> None:
        connect: Any = libsql.connect  # pyright: ignore[reportAttributeAccessIssue] # of a compiled module
        self._connection = connect(str(path), isolation_level=None, _check_same_thread=False)
        self._lock = threading.Lock()
        for pragma in PRAGMAS:
            self._connection.execute(pragma).fetchall()

    def append(self, session_id: str, message: ConversationMessage) -> None:
        with self._lock:
            self._connection.execute(INSERT, values(session_id, message))

    def newest(self, session_id: str, limit: int | None) -> list[Any]:
        sql, params = newest(session_id, limit)
        with self._lock:
            rows = self._connection.execute(sql, params).fetchall()
        return decoded(rows, limit)

    def sessions(self) -> list[Any]:
        """Not compared: the statement is that of SQLite."""
        return []

    def close(self) -> None:
        self._connection.close()


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in a temporary directory."""
    clock = Blocking()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        home = Path(folder)

        def open_pair(name: str, sessions: list[str], size: int) -> Pair:
            path, copy = home / f"{name}.db", home / f"{name}-raw.db"
            with CONVERSATION_STORES.create("turso", local_path=path) as store:
                store.setup()
                fill(store, sessions, size)
            shutil.copy(path, copy)
            raw, ours = Raw(copy), CONVERSATION_STORES.create("turso", local_path=path)
            stack.callback(raw.close)
            stack.callback(ours.close)
            return Pair(raw, Ours(ours), ("s", "s"))

        small, large = open_pair("small", ["s"], SMALL), open_pair("large", ["s"], LARGE)
        yield from conversation.rows(clock, small, large, plan, SYNC)
        many = open_pair("many", [f"s-{number}" for number in range(WORKERS)], SMALL)
        yield from conversation.storms(clock, many, range(WORKERS), SMALL, plan, SYNC)
