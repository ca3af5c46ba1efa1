"""A DuckDB file, one user at a time in this process. Knows no collection and no document."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from praison_persist.errors import UnavailableError
from praison_persist.lifecycle import store_closed

from .settings import Settings

__all__ = ["Client"]

_LOCKS: dict[str, threading.RLock] = {}  # by file: DuckDB's own answer to two writers is an error
_GUARD = threading.Lock()


class Client:
    """Opens nothing until the first call; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.path
        self._owner = os.getpid()
        self._connection: Any = None
        self._closed = False
        with _GUARD:
            self._lock = _LOCKS.setdefault(str(Path(settings.path).resolve()), threading.RLock())

    @contextmanager
    def transaction(self) -> Generator[Any]:
        """A connection inside a transaction, which an error rolls back."""
        if self._owner != os.getpid():
            raise UnavailableError(
                "a DuckDB file belongs to one process", retryable=False, hint="open it after the fork"
            )
        with self._lock:
            if self._closed:
                raise store_closed()
            if self._connection is None:
                self._connection = duckdb.connect(self._path)
                self._connection.execute(
                    "CREATE TABLE IF NOT EXISTS collections"
                    " (name VARCHAR PRIMARY KEY, dimension INTEGER, distance VARCHAR, metadata VARCHAR)"
                )
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Once."""
        with self._lock:
            self._closed = True
            if self._connection is not None and self._owner == os.getpid():
                self._connection.close()
