"""psycopg 3 on core's pool, for the blocking stores of this package."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from typing import Any, TypeVar

import psycopg

from praison_persist.errors import ConfigurationError, PersistError
from praison_persist.sql import PooledDriver, Result, is_quiet
from praison_persist.urls import scrub

from .errors import from_sqlstate, no_answer, too_late
from .settings import Settings

__all__ = ["PsycopgDriver"]

Connection = psycopg.Connection[Any]

T = TypeVar("T")


class PsycopgDriver(PooledDriver[Connection]):
    """One pool per process, opened by the first operation.

    Not psycopg's own pool: that connects in threads of its own, so that callers learn of a dead server only by waiting
    in vain for `timeout`, and its log fills with warnings meanwhile.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(size=settings.pool_size, timeout=settings.timeout, place=settings.place)
        self.settings = settings
        self.dialect = settings.dialect

    def connect(self) -> Connection:
        if self.settings.command_timeout is None:
            return psycopg.connect(**self.settings.libpq())
        connection = _ImpatientConnection.connect(**self.settings.libpq())
        connection.settings = self.settings
        return connection

    def disconnect(self, connection: Connection) -> None:
        connection.close()

    def is_usable(self, connection: Connection) -> bool:
        return not connection.closed and is_quiet(connection.fileno())

    def release(self, connection: Connection, *, broken: bool) -> None:
        super().release(connection, broken=broken or connection.closed)

    def execute(self, connection: Connection, sql: str, params: Sequence[Any]) -> Result:
        cursor = connection.execute(sql, params or None)  # type: ignore[arg-type]
        return Result(cursor.fetchall() if cursor.description else (), cursor.rowcount)

    def translate(self, error: Exception) -> PersistError | None:
        if not isinstance(error, psycopg.Error):
            return None
        if isinstance(error, psycopg.errors.ConnectionTimeout):
            return no_answer(self.settings)
        if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
            return ConfigurationError(
                f"{self.settings.place}: {scrub(error, *self.settings.secrets)}",
                hint="see libpq's connection parameters",
            )
        if error.sqlstate is None and not isinstance(error, psycopg.OperationalError):
            return PersistError(f"{type(error).__name__}: {error}")
        return from_sqlstate(error.sqlstate, str(error), self.settings)

    def about(self) -> Mapping[str, str]:
        return self.settings.about()

    def pooler(self, connection: Connection) -> str | None:
        [(actual,)] = self.execute(connection, "SELECT pg_backend_pid()", ()).rows
        return self.settings.pooler(connection.info.backend_pid, actual)


class _ImpatientConnection(psycopg.Connection[Any]):
    """A connection that breaks when a statement has no answer in time; the server may be out of reach."""

    settings: Settings | None = None

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        # psycopg calls this for everything that it waits for, and resumes the generator several times a second.
        if self.settings is None or self.settings.command_timeout is None:
            return super().wait(gen, *args, **kwargs)
        try:
            return super().wait(_until(time.monotonic() + self.settings.command_timeout, gen), *args, **kwargs)
        except _TooLateError:
            self.close()
            raise too_late(self.settings) from None


class _TooLateError(Exception):
    """The deadline of a statement passed."""


def _until(deadline: float, steps: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
    """The same steps, until the deadline."""
    wanted = next(steps)
    while True:
        ready = yield wanted
        if time.monotonic() > deadline:
            raise _TooLateError
        try:
            wanted = steps.send(ready)
        except StopIteration as stop:
            return stop.value
