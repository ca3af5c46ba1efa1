"""asyncpg with a pool per event loop, for the asynchronous store of this package."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import asyncpg

if sys.version_info >= (3, 11):
    from asyncio import timeout
else:
    from async_timeout import timeout  # type: ignore[import-not-found] # asyncpg depends on it there

from praison_persist.errors import ConfigurationError, OperationTimeoutError, PersistError
from praison_persist.lifecycle import store_closed
from praison_persist.sql import POSTGRES, AsyncDriver, Result
from praison_persist.urls import scrub

from .errors import from_sqlstate, unreachable
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

    dialect = replace(POSTGRES, placeholder="numeric")
    survives_cancellation = True  # asyncpg cancels at the server, and its pool waits for that

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._pools: dict[asyncio.AbstractEventLoop, asyncio.Task[Pool]] = {}
        self._keepers: dict[asyncio.AbstractEventLoop, AsyncGenerator[None, None]] = {}
        self._owner = os.getpid()
        self._closed = False

    async def acquire(self) -> Any:
        pool = await self._pool()
        try:
            async with timeout(self.settings.timeout):  # acquire(timeout=) starts a task before Python 3.12
                return await pool.acquire()
        except asyncio.TimeoutError:  # not the built-in TimeoutError before Python 3.11
            raise OperationTimeoutError(
                f"no connection to {self.settings.place} was free within {self.settings.timeout:g} s",
                hint="raise pool_size= or timeout=, or see whether the server is up",
            ) from None

    async def release(self, connection: Any, *, broken: bool) -> None:
        # A connection that dies here does so after its work: the pool drops it, and the outcome stands.
        if broken:
            with suppress(asyncpg.PostgresError, *_LOST):
                await connection.close(timeout=_CLOSE_SECONDS)
        with suppress(asyncpg.PostgresError, *_LOST):
            await (await self._pool()).release(connection)

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
        if isinstance(error, _LOST):
            return unreachable(f"{type(error).__name__}: {error}", self.settings)
        return None

    async def recover(self) -> None:
        """Let every idle connection be replaced when it is asked for next."""
        await (await self._pool()).expire_connections()

    async def close(self) -> None:
        self._closed = True
        self._forget_if_forked()
        here = asyncio.get_running_loop()
        if here in self._pools:
            await asyncio.wait([self._pools[here]])
        for loop, keeper in list(self._keepers.items()):
            if loop is here:
                await keeper.aclose()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(_finish(keeper), loop)
        self._pools.clear()
        self._keepers.clear()

    async def _pool(self) -> Pool:
        self._forget_if_forked()
        loop = asyncio.get_running_loop()
        opening = self._pools.get(loop)
        if opening is not None and opening.done() and not opening.cancelled() and opening.exception() is None:
            return opening.result()
        if opening is None:
            if self._closed:
                raise store_closed()
            opening = self._pools[loop] = loop.create_task(self._open(loop))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            raise
        except BaseException:
            if self._pools.get(loop) is opening:
                del self._pools[loop]
            raise

    async def _open(self, loop: asyncio.AbstractEventLoop) -> Pool:
        pool = await asyncpg.create_pool(
            **self.settings.asyncpg(),
            min_size=1,
            max_size=self.settings.pool_size,
            reset=_no_reset,
        )
        keeper = self._keepers[loop] = self._keep(loop, pool)
        await keeper.__anext__()
        return pool

    async def _keep(self, loop: asyncio.AbstractEventLoop, pool: Pool) -> AsyncGenerator[None, None]:
        """Close the pool when this generator ends, at the latest with its loop: asyncio.run ends generators last."""
        try:
            yield
        finally:
            await pool.close()  # when what runs has given its connections back
            self._pools.pop(loop, None)
            self._keepers.pop(loop, None)

    def _forget_if_forked(self) -> None:
        """A child must not touch its parent's connections, nor even close them."""
        if self._owner != os.getpid():
            self._inherited = self._pools, self._keepers
            self._pools, self._keepers, self._owner = {}, {}, os.getpid()


async def _finish(keeper: AsyncGenerator[None, None]) -> None:
    await keeper.aclose()


async def _no_reset(connection: Any) -> None:
    """No operation changes a session's state, so that resetting it would be a round trip for nothing."""
