"""One SQLite connection for the threads of a process, one user at a time. Goes when the real engine comes."""

from __future__ import annotations

import os
import sqlite3
import threading
import time

from praison_persist.errors import OperationTimeoutError
from praison_persist.lifecycle import store_closed

from .settings import Settings

__all__ = ["Connection"]


class Connection:
    """Opened by the first `acquire`; a forked process opens its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._owner = os.getpid()
        self._closed = False

    def acquire(self) -> sqlite3.Connection:
        """The connection, in autocommit mode, until `release`."""
        if self._owner != os.getpid():  # the parent's must not be used, nor even closed, in a child
            self._inherited = self._connection
            self._connection, self._lock, self._owner = None, threading.Lock(), os.getpid()
        if not self._lock.acquire(timeout=self._settings.timeout):
            raise OperationTimeoutError("other threads kept the connection busy", hint="raise timeout=")
        try:
            if self._closed:
                raise store_closed()
            if self._connection is None:
                self._connection = self._open()
            return self._connection
        except BaseException:
            self._lock.release()
            raise

    def release(self, connection: sqlite3.Connection, *, broken: bool) -> None:
        """Give it back; a broken one may still be inside a transaction."""
        try:
            if broken:
                self._connection = None
                connection.close()
        finally:
            self._lock.release()

    def close(self) -> None:
        """For good."""
        with self._lock:
            self._closed = True
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _open(self) -> sqlite3.Connection:
        path, timeout = self._settings.path, self._settings.timeout
        connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
        deadline = time.monotonic() + timeout
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                try:
                    connection.execute("PRAGMA journal_mode = WAL")
                except sqlite3.OperationalError as error:  # this one statement does not wait for others
                    if "locked" not in str(error) or time.monotonic() > deadline:
                        raise
                    time.sleep(0.01)
        except BaseException:
            connection.close()
            raise
        return connection
