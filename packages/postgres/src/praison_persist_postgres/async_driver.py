"""asyncpg with a pool per event loop, for the asynchronous store of this package."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import asyncpg

if sys.version_info >= (3, 11):
    from asyncio import timeout
else:
    from async_timeout import timeout  # type: ignore[import-not-found] # asyncpg depends on it there

from praison_persist.errors import ConfigurationError, OperationTimeoutError, PersistError
from praison_persist.perloop import PerLoop
from praison_persist.sql import AsyncDriver, Result, finished
from praison_persist.urls import scrub

from .errors import from_sqlstate, no_answer, too_late, unreachable
from .settings import Settings

__all__ = ["AsyncpgDriver"]

_LOST = (
    OSError,
    asyncio.TimeoutError,
    asyncio.IncompleteReadError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

_CLOSE_SECONDS = 1.0
"""How long a broken connection may take to say goodbye; a cancelled statement ends within."""

Pool = Any  # asyncpg has no types


class AsyncpgDriver(AsyncDriver):
    """A pool is opened by the first operation on a loop, and closed by `close` or with its loop."""

    survives_cancellation = True  # asyncpg cancels at the server, and its pool waits for that

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.dialect = replace(settings.dialect, placeholder="numeric")
        self._pools = PerLoop(self._open, _close)

    async def acquire(self) -> Any:
        pool = await self._pools.get()
        try:
            async with timeout(self.settings.timeout):  # acquire(timeout=) starts a task before Python 3.12
                return await _in_time(pool.acquire(), self.settings)
        except PersistError:
            raise
        except asyncio.TimeoutError:  # not the built-in TimeoutError before Python 3.11
            raise OperationTimeoutError(
                f"no connection to {self.settings.place} was free within {self.settings.timeout:g} s",
                hint="raise pool_size= or timeout=, or look for calls that hold connections for long",
            ) from None

    async def release(self, connection: Any, *, broken: bool) -> None:
        if broken:
            await finished(self._drop(connection))
        else:
            await self._give_back(connection)  # which asyncpg shields from cancellation

    async def _drop(self, connection: Any) -> None:
        with suppress(asyncpg.PostgresError, *_LOST):
            await connection.close(timeout=_CLOSE_SECONDS)
        await self._give_back(connection)

    async def _give_back(self, connection: Any) -> None:
        # A connection that dies here does so after its work: the pool drops it, and the outcome stands.
        with suppress(asyncpg.PostgresError, *_LOST):
            await (await self._pools.get()).release(connection)

    async def execute(self, connection: Any, sql: str, params: Sequence[Any]) -> Result:
        if sql.startswith("SELECT"):
            rows = await connection.fetch(sql, *params)
            return Result(rows, len(rows))
        status = await connection.execute(sql, *params)
        count = status.rpartition(" ")[2]
        return Result((), int(count) if count.isdigit() else 0)

    def translate(self, error: Exception) -> PersistError | None:
        if isinstance(error, asyncpg.PostgresError):
            return from_sqlstate(getattr(error, "sqlstate", None), str(error), self.settings)
        if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
            return ConfigurationError(f"{self.settings.place}: {scrub(error, *self.settings.secrets)}")
        if isinstance(error, asyncio.TimeoutError) and getattr(error, "errno", None) is None:
            return too_late(self.settings)
        if isinstance(error, _LOST):
            return unreachable(f"{type(error).__name__}: {error}", self.settings)
        return None

    async def recover(self) -> None:
        """Let every idle connection be replaced when it is asked for next."""
        await (await self._pools.get()).expire_connections()

    def about(self) -> Mapping[str, str]:
        return self.settings.about()

    async def pooler(self, connection: Any) -> str | None:
        [(actual,)] = (await self.execute(connection, "SELECT pg_backend_pid()", ())).rows
        return self.settings.pooler(connection.get_server_pid(), actual)

    async def close(self) -> None:
        await self._pools.close()

    async def _open(self) -> Pool:
        return await asyncpg.create_pool(
            **self.settings.asyncpg(),
            min_size=0,  # who needs a connection opens it; asyncpg would log what its own attempts fail with
            max_size=self.settings.pool_size,
            reset=_no_reset,
        )


async def _close(pool: Pool) -> None:
    await pool.close()  # when what runs has given its connections back


async def _in_time(connecting: Awaitable[Pool], settings: Settings) -> Any:
    """Say what asyncpg's bare TimeoutError means here; the caller's own deadline is a cancellation at this place."""
    try:
        return await connecting
    except asyncio.TimeoutError as error:
        if getattr(error, "errno", None) is not None:  # the operating system's
            raise
        raise no_answer(settings) from None


async def _no_reset(connection: Any) -> None:
    """No operation changes a session's state, so that resetting it would be a round trip for nothing."""
