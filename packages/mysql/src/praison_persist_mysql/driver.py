"""PyMySQL on core's pool, for the blocking store of this package."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pymysql
from pymysql.connections import Connection

from praison_persist.errors import PersistError
from praison_persist.sql import Result, is_quiet
from praison_persist.sql.pooled import PooledDriver

from .errors import check_size, is_large, translate
from .settings import Settings, check_version

__all__ = ["PyMySQLDriver"]


class PyMySQLDriver(PooledDriver["_Connection"]):
    """Statements in text; PyMySQL has no prepared ones."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(size=settings.pool_size, timeout=settings.timeout, place=settings.place)
        self.settings = settings
        self.dialect = settings.dialect

    def connect(self) -> _Connection:
        settings, tls = self.settings, self.settings.tls
        made = _Connection(
            **settings.arguments(),
            database=settings.database,
            ssl=tls.context() if tls.required else None,  # without one PyMySQL encrypts where the server can
            ssl_disabled=tls.mode == "DISABLED" or None,
            read_timeout=settings.command_timeout,
            write_timeout=settings.command_timeout,
        )
        try:
            check_version(made.get_server_info(), settings.place)
        except PersistError:
            self.disconnect(made)
            raise
        return made

    def disconnect(self, connection: _Connection) -> None:
        with suppress(pymysql.Error, OSError):
            connection.close()

    def is_usable(self, connection: _Connection) -> bool:
        return connection.is_quiet()

    def release(self, connection: _Connection, *, broken: bool) -> None:
        super().release(connection, broken=broken or not connection.open)

    def execute(self, connection: _Connection, sql: str, params: Sequence[Any]) -> Result:
        cursor = connection.cursor()
        query = cursor.mogrify(sql, tuple(params) if params else None)
        if is_large(query):
            cursor.execute("SELECT @@max_allowed_packet")
            check_size(query, (cursor.fetchone() or (0,))[0])
        cursor.execute(query)
        return Result(cursor.fetchall() if cursor.description else (), cursor.rowcount)

    def translate(self, error: Exception) -> PersistError | None:
        return translate(error, self.settings)


class _Connection(Connection):
    """PyMySQL's connection, impatient also with a server that accepts and does not greet."""

    def connect(self, sock: Any = None) -> None:
        read, write = self._read_timeout, self._write_timeout
        self._read_timeout = self._write_timeout = self.connect_timeout
        super().connect(sock)
        self._read_timeout, self._write_timeout = read, write

    def is_quiet(self) -> bool:
        """Whether it is open and nothing arrived on it."""
        sock: Any = self._sock  # type: ignore[attr-defined]
        return sock is not None and is_quiet(sock.fileno())
