"""aiomysql with a pool per event loop, for the asynchronous store of this package."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import aiomysql
import pymysql
from pymysql.constants import CLIENT

if sys.version_info >= (3, 11):
    from asyncio import timeout
else:
    from async_timeout import timeout  # type: ignore[import-not-found]

from praison_persist.errors import PersistError
from praison_persist.perloop import PerLoop
from praison_persist.sql import AsyncDriver, Result, is_quiet
from praison_persist.sql.mysqlwire import no_answer, too_late

from .async_pool import AsyncPool
from .errors import check_size, is_large, not_encrypted, translate
from .settings import Settings, check_version

__all__ = ["AiomysqlDriver"]

_QUIT = b"\x01\x00\x00\x00\x01"
_CLOSE_SECONDS = 1.0
"""How long connections may take to say goodbye when the store is closed."""


class AiomysqlDriver(AsyncDriver):
    """A pool is made by the first operation on a loop, and closed by `close` or with its loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.dialect = settings.dialect
        self._pools = PerLoop(self._open, _close)

    async def acquire(self) -> _Connection:
        return await (await self._pools.get()).acquire()

    async def release(self, connection: _Connection, *, broken: bool) -> None:
        pool = self._pools.current()
        if pool is None:
            connection.close()
        else:
            pool.release(connection, broken=broken or connection.closed)

    async def execute(self, connection: _Connection, sql: str, params: Sequence[Any]) -> Result:
        cursor = await connection.cursor()
        query = cursor.mogrify(sql, tuple(params) if params else None)
        if is_large(query):
            await cursor.execute("SELECT @@max_allowed_packet")
            check_size(query, (await cursor.fetchone() or (0,))[0])
        seconds = self.settings.command_timeout
        try:
            async with timeout(seconds):  # wait_for starts a task before Python 3.12
                await cursor.execute(query)
        except asyncio.TimeoutError:
            if seconds is None:  # the operating system's
                raise
            connection.close()
            raise too_late(self.settings.place, seconds) from None
        return Result(await cursor.fetchall() if cursor.description else (), cursor.rowcount)

    def translate(self, error: Exception) -> PersistError | None:
        if isinstance(error, OSError):
            return translate(pymysql.OperationalError(2013, f"{type(error).__name__}: {error}"), self.settings)
        return translate(error, self.settings)

    async def close(self) -> None:
        await self._pools.close()

    async def _open(self) -> AsyncPool[_Connection]:
        return AsyncPool(
            self._connect,
            _Connection.close,
            _Connection.is_quiet,
            size=self.settings.pool_size,
            timeout=self.settings.timeout,
            place=self.settings.place,
        )

    async def _connect(self) -> _Connection:
        settings = self.settings
        made = _Connection(
            **settings.arguments(), db=settings.database, ssl=settings.tls.context(), cursorclass=_Cursor
        )
        made.tls_required = settings.tls.required
        try:
            # aiomysql's own timeout ends with the TCP handshake.
            await asyncio.wait_for(made.open(), settings.connect_timeout)
            check_version(made.get_server_info(), settings.place)
        except asyncio.TimeoutError:
            made.close()
            raise no_answer(settings.place, settings.connect_timeout) from None
        except BaseException:
            made.close()
            raise
        return made


class _Cursor(aiomysql.Cursor):
    """aiomysql's cursor, without its round trip to turn the server's notes into Python warnings."""

    async def _show_warnings(self, conn: Any) -> None:
        del conn


class _Connection(aiomysql.Connection):
    """aiomysql's connection, which goes on without TLS where the server has none only if that is allowed."""

    tls_required = False
    _farewell: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Connect and log in."""
        await self._connect()

    def close(self) -> None:
        """Say goodbye and close the socket."""
        if self._writer is not None:
            self._farewell = self._writer
            with suppress(OSError, RuntimeError):
                self._writer.write(_QUIT)
        super().close()

    async def closing(self) -> None:
        """Let the loop finish what `close` began."""
        if self._farewell is not None:
            with suppress(OSError, asyncio.TimeoutError):
                await asyncio.wait_for(self._farewell.wait_closed(), _CLOSE_SECONDS)

    async def _get_server_information(self) -> None:
        await super()._get_server_information()
        if self._ssl_context is not None and not self.server_capabilities & CLIENT.SSL:
            if self.tls_required:
                raise not_encrypted()
            self._ssl_context = None
            self.client_flag &= ~CLIENT.SSL

    def is_quiet(self) -> bool:
        """Whether it is open and nothing arrived on it, whether the loop has noticed or not."""
        reader: Any = self._reader
        if self._writer is None or reader.eof_received or reader.at_eof() or reader.exception():
            return False
        sock = self._writer.get_extra_info("socket")
        with suppress(OSError, ValueError):
            return is_quiet(sock.fileno())
        return False


async def _close(pool: AsyncPool[_Connection]) -> None:
    await asyncio.gather(*(connection.closing() for connection in pool.close()))
