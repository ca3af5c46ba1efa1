"""A DuckDB file, one user at a time in this process. Knows no collection and no document."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from weakref import WeakValueDictionary

import duckdb
from praison_persist.errors import OperationTimeoutError, UnavailableError
from praison_persist.lifecycle import store_closed

from .errors import translate
from .settings import Settings

__all__ = ["Client"]

# By file, since DuckDB's own answer to two writers is an error.
_LOCKS: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
_GUARD = threading.Lock()


class Client:
    """Opens nothing until the first call; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._owner = os.getpid()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._closed = False
        with _GUARD:
            self._lock = _LOCKS.setdefault(str(Path(settings.path).resolve()), threading.Lock())

    @contextmanager
    def transaction(self) -> Generator[duckdb.DuckDBPyConnection]:
        """A connection inside a transaction, which an error rolls back."""
        if self._owner != os.getpid():
            hint = "open it after the fork"
            raise UnavailableError("a DuckDB file belongs to one process", retryable=False, hint=hint)
        if not self._lock.acquire(timeout=self._settings.timeout):
            raise OperationTimeoutError("other threads kept the file busy", hint="raise timeout=")
        try:
            if self._closed:
                raise store_closed()
            db = self._connection = self._connection or self._open()
            db.begin()
            try:
                yield db
                db.commit()
            except BaseException:
                with suppress(duckdb.Error):  # the transaction may have ended with the error
                    db.rollback()
                raise
        except duckdb.Error as error:
            raise translate(error) from error
        finally:
            self._lock.release()

    def close(self) -> None:
        """Once."""
        if self._owner != os.getpid():
            return
        with self._lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(self._settings.path)
        connection.execute(
            "CREATE TABLE IF NOT EXISTS collections"
            " (name VARCHAR PRIMARY KEY, dimension INTEGER, distance VARCHAR, metadata VARCHAR)"
        )
        return connection
