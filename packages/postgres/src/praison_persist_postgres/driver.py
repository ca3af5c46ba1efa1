"""psycopg 3 with its own pool, for the blocking stores of this package."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from praison_persist.errors import ConfigurationError, OperationTimeoutError, PersistError
from praison_persist.lifecycle import store_closed
from praison_persist.sql import POSTGRES, Driver, Result
from praison_persist.urls import scrub

from .errors import from_sqlstate
from .settings import Settings

__all__ = ["PsycopgDriver"]

Connection = psycopg.Connection[Any]


class PsycopgDriver(Driver):
    """One pool per process, opened by the first operation."""

    dialect = POSTGRES

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._pool: ConnectionPool[Connection] | None = None
        self._guard = threading.Lock()
        self._owner = 0
        self._closed = False

    def acquire(self) -> Connection:
        if self._owner and self._owner != os.getpid():
            self._after_fork()
        return (self._pool or self._open()).getconn()

    def release(self, connection: Connection, *, broken: bool) -> None:
        if broken:
            connection.close()
        if self._pool is not None:
            self._pool.putconn(connection)

    def execute(self, connection: Connection, sql: str, params: Sequence[Any]) -> Result:
        cursor = connection.execute(sql, params or None)  # type: ignore[arg-type]
        return Result(cursor.fetchall() if cursor.description else (), cursor.rowcount)

    def translate(self, error: Exception) -> PersistError | None:
        if isinstance(error, PoolTimeout):
            return OperationTimeoutError(
                f"no connection to {self.settings.place} was free within {self.settings.timeout:g} s",
                hint="raise pool_size= or timeout=, or see whether the server is up",
            )
        if isinstance(error, PoolClosed):
            return store_closed()
        if not isinstance(error, psycopg.Error):
            return None
        if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
            return ConfigurationError(
                f"{self.settings.place}: {scrub(error, *self.settings.secrets)}",
                hint="see libpq's connection parameters",
            )
        if error.sqlstate is None and not isinstance(error, psycopg.OperationalError):
            return PersistError(f"{type(error).__name__}: {error}")
        return from_sqlstate(error.sqlstate, str(error), self.settings)

    def recover(self) -> None:
        """See whether the server is there at all, then replace the connections that died."""
        psycopg.connect(**self.settings.libpq()).close()
        if self._pool is not None:
            self._pool.check()

    def close(self) -> None:
        with self._guard:
            self._closed = True
        if self._pool is not None and self._owner == os.getpid():
            self._pool.close()  # connections in use are closed when they are released

    def _open(self) -> ConnectionPool[Connection]:
        with self._guard:
            if self._closed:
                raise store_closed()
            if self._pool is None:
                # The pool only ever says that it waited in vain; a connection of our own tells the reason at once.
                psycopg.connect(**self.settings.libpq()).close()
                self._pool = ConnectionPool(
                    "",
                    kwargs=self.settings.libpq(),
                    min_size=1,
                    max_size=self.settings.pool_size,
                    timeout=self.settings.timeout,
                    max_lifetime=1800.0,
                    max_idle=300.0,
                    open=True,
                )
                self._owner = os.getpid()
            return self._pool

    def _after_fork(self) -> None:
        """A child must not touch its parent's connections, nor even close them: forget the pool."""
        self._inherited = self._pool
        self._pool, self._guard, self._owner = None, threading.Lock(), 0
