"""The embedded libSQL engine as a driver: one connection to a file, shared by the threads of a process.

One statement or transaction at a time. SQLite has one writer anyway; a single connection keeps ``:memory:`` alive.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any

import libsql

from praison_persist.errors import OperationTimeoutError, PersistError
from praison_persist.lifecycle import store_closed
from praison_persist.sql import SQLITE, Driver, Result

from .errors import AnswerError, from_answer
from .location import Location
from .patience import until_free

__all__ = ["EmbeddedDriver", "connect", "run"]


class EmbeddedDriver(Driver):
    """libSQL in this process; waits for other writers itself, since it would hold the interpreter's lock."""

    dialect = SQLITE
    threads = 1

    def __init__(self, location: Location) -> None:
        self._location = location
        self._lock = threading.Lock()
        self._connection: Any = None
        self._owner = 0
        self._closed = False

    def acquire(self) -> Any:
        if self._owner and self._owner != os.getpid():
            self._after_fork()
        if not self._lock.acquire(timeout=self._location.timeout):
            raise OperationTimeoutError("other threads kept the connection busy", hint="raise timeout=")
        try:
            if self._closed:
                raise store_closed()
            if self._connection is None:
                self._connection = self._open()
        except BaseException:
            self._lock.release()
            raise
        return self._connection

    def release(self, connection: Any, *, broken: bool) -> None:
        try:
            if broken and not self._location.in_memory:  # it may still be inside a transaction
                self._connection = None
                connection.close()
        finally:
            self._lock.release()

    def execute(self, connection: Any, sql: str, params: Sequence[Any]) -> Result:
        return until_free(lambda: run(connection, sql, params), self._location.timeout)

    def translate(self, error: Exception) -> PersistError | None:
        return from_answer(error, self._location) if isinstance(error, AnswerError) else None

    def close(self) -> None:
        with self._lock:
            self._closed = True
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _open(self) -> Any:
        connection = connect(self._location)
        try:
            self.execute(connection, "PRAGMA foreign_keys = ON", ())
            self.execute(connection, "PRAGMA synchronous = FULL", ())
            if not self._location.in_memory:
                self.execute(connection, "PRAGMA journal_mode = WAL", ())
        except BaseException:
            connection.close()
            raise
        self._owner = os.getpid()
        return connection

    def _after_fork(self) -> None:
        """A connection must not be used, nor even closed, in a child process: forget it."""
        self._inherited = self._connection
        self._connection, self._lock, self._owner = None, threading.Lock(), 0


def connect(location: Location) -> Any:
    """A connection in autocommit mode to the location's file, which is a replica where it has a server.

    Raises:
        AnswerError: it cannot be opened, or not be fetched.
    """
    replica: dict[str, Any] = {}
    if location.endpoint is not None:
        server = location.endpoint
        replica = {"sync_url": f"{server.origin}{server.path}", "auth_token": server.token}
    try:
        return libsql.connect(  # pyright: ignore[reportAttributeAccessIssue]
            location.path, timeout=0.0, isolation_level=None, _check_same_thread=False, **replica
        )
    except ValueError as error:
        raise AnswerError(str(error), "SYNC_FAILED" if replica else "") from error


def run(connection: Any, sql: str, params: Sequence[Any]) -> Result:
    """Execute one statement.

    Raises:
        AnswerError: the engine refused it.
    """
    try:
        cursor = connection.execute(sql, tuple(params))
        return Result(cursor.fetchall() or (), cursor.rowcount)  # all rows: a statement left open keeps a lock
    except ValueError as error:  # the only error that libsql knows
        raise AnswerError(str(error)) from error
