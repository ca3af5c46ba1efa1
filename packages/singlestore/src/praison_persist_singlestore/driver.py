"""The singlestoredb client on core's pool."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from singlestoredb.exceptions import Error, InterfaceError
from singlestoredb.mysql.connection import Connection

from praison_persist.errors import ConfigurationError, PersistError
from praison_persist.sql import Dialect, Result, is_quiet
from praison_persist.sql.mysqlwire import from_code, no_answer, too_large, too_late, unreachable
from praison_persist.sql.pooled import PooledDriver
from praison_persist.urls import scrub

from .settings import Settings

__all__ = ["SingleStoreDriver"]

_RACED = frozenset({1050, 1060, 1061, 1062})
"""Table, column, key or row exists: without a lock for the schema, another process was faster."""
_BUSY = frozenset({1158, 1159, 1160, 1161, 1777, 2296})
"""What a leaf that is away makes of a statement."""
_LARGE = 1 << 20


class SingleStoreDriver(PooledDriver["_Connection"]):
    """Statements in text, over MySQL's protocol.

    Args:
        settings: where, and how patiently.
        dialect: of the tables.
    """

    def __init__(self, settings: Settings, dialect: Dialect) -> None:
        super().__init__(size=settings.pool_size, timeout=settings.timeout, place=settings.place)
        self.settings = settings
        self.dialect = dialect

    def connect(self) -> _Connection:
        try:
            return _Connection(
                **self.settings.arguments,
                charset="utf8mb4",
                autocommit=True,
                parse_json=False,
                connect_timeout=self.settings.connect_timeout,  # type: ignore[arg-type] # fractions work
                read_timeout=self.settings.command_timeout,
                write_timeout=self.settings.command_timeout,
            )
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"the certificates cannot be read: {error}", hint="see ssl_ca, ssl_cert and ssl_key in the URL"
            ) from error
        except Error as error:
            if _timed_out(error):
                raise no_answer(self.settings.place, self.settings.connect_timeout) from error
            raise

    def disconnect(self, connection: _Connection) -> None:
        with suppress(Error, OSError):
            connection.close()

    def is_usable(self, connection: _Connection) -> bool:
        return connection.is_quiet()

    def release(self, connection: _Connection, *, broken: bool) -> None:
        super().release(connection, broken=broken or not connection.open)

    def execute(self, connection: _Connection, sql: str, params: Sequence[Any]) -> Result:
        cursor: Any = connection.cursor()  # its rows may also be data frames, says its type
        query = cursor.mogrify(sql, tuple(params)) if params else sql
        if len(query) > _LARGE:
            cursor.execute("SELECT @@max_allowed_packet")
            size, limit = len(query.encode()), int((cursor.fetchone() or (0,))[0])
            if size + 2 > limit:
                raise too_large(f"a statement of {size:,} bytes is larger than the server takes ({limit:,})")
        cursor.execute(query)
        return Result(cursor.fetchall() if cursor.description else (), cursor.rowcount)

    def translate(self, error: Exception) -> PersistError | None:
        settings = self.settings
        if isinstance(error, OSError):
            return unreachable(f"{type(error).__name__}: {error}", settings.place)
        if not isinstance(error, Error):
            return None
        code, text = error.errno or None, scrub(error.errmsg or error, *settings.secrets)
        if settings.command_timeout is not None and _timed_out(error):
            return too_late(settings.place, settings.command_timeout)
        if isinstance(error, InterfaceError) or code in _BUSY:
            return unreachable(text or "the connection was closed", settings.place)
        if code in _RACED:
            return PersistError(text, retryable=True)
        return from_code(code, text, place=settings.place)


def _timed_out(error: Error) -> bool:
    """Whether our own deadline passed, and not one of the network."""
    cause = getattr(error, "original_exception", None) or error.__cause__ or error.__context__
    return isinstance(cause, TimeoutError) and getattr(cause, "errno", None) is None


class _Connection(Connection):
    """The client's connection, impatient also with a server that accepts and does not greet."""

    def connect(self, sock: Any = None) -> None:
        read, write = self._read_timeout, self._write_timeout
        self._read_timeout = self._write_timeout = self.connect_timeout
        super().connect(sock)
        self._read_timeout, self._write_timeout = read, write
        if self._sock is not None:
            self._sock.settimeout(None)

    def is_quiet(self) -> bool:
        """Whether it is open and nothing arrived on it."""
        sock: Any = self._sock
        return sock is not None and is_quiet(sock.fileno())
