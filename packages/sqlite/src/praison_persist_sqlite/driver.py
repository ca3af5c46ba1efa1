"""One connection, shared by the threads of a process, one statement or transaction at a time.

SQLite has one writer anyway; a single connection keeps ``:memory:`` alive and never leaves handles behind.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Sequence
from typing import Any

from praison_persist.errors import OperationTimeoutError, PersistError
from praison_persist.lifecycle import store_closed
from praison_persist.sql import SQLITE, Driver, Result

from .location import Location, translate

__all__ = ["SQLiteDriver"]


class SQLiteDriver(Driver):
    """The standard library's sqlite3."""

    dialect = SQLITE
    threads = 1

    def __init__(self, location: Location) -> None:
        self._location = location
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._owner = 0
        self._closed = False

    def acquire(self) -> sqlite3.Connection:
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

    def release(self, connection: sqlite3.Connection, *, broken: bool) -> None:
        try:
            if broken and not self._location.in_memory:  # it may still be inside a transaction
                self._connection = None
                connection.close()
        finally:
            self._lock.release()

    def execute(self, connection: sqlite3.Connection, sql: str, params: Sequence[Any]) -> Result:
        cursor = connection.execute(sql, params)
        return Result(cursor.fetchall(), cursor.rowcount)

    def translate(self, error: Exception) -> PersistError | None:
        return translate(error)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._location.path, timeout=self._location.timeout, isolation_level=None, check_same_thread=False
        )
        try:
            self._location.configure(connection)
        except BaseException:
            connection.close()
            raise
        self._owner = os.getpid()
        return connection

    def _after_fork(self) -> None:
        """A connection must not be used, nor even closed, in a child process: forget it."""
        self._inherited = self._connection
        self._connection, self._lock, self._owner = None, threading.Lock(), 0
