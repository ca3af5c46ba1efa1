"""Clients that belong to an event loop: one for each loop that uses a store, closed at the latest with that loop.

Knows no client library. Nothing is shared with a forked child.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Generic, TypeVar

from .lifecycle import store_closed

__all__ = ["PerLoop"]

C = TypeVar("C")
Loop = asyncio.AbstractEventLoop


class PerLoop(Generic[C]):
    """The client of the running loop, opened by the first task that asks for it.

    Args:
        open_client: makes a client on the running loop; its failure is that of all who wait; the next call tries again.
        close_client: closes it, on the loop that it was made on.
    """

    def __init__(self, open_client: Callable[[], Awaitable[C]], close_client: Callable[[C], Awaitable[None]]) -> None:
        self._open_client = open_client
        self._close_client = close_client
        self._opening: dict[Loop, asyncio.Task[C]] = {}
        self._open_now: dict[Loop, C] = {}
        self._keepers: dict[Loop, AsyncGenerator[None, None]] = {}
        self._owner = os.getpid()
        self._closed = False

    async def get(self) -> C:
        """The client of the running loop.

        Raises:
            ClosedError: `close` was called.
            Exception: what opening it failed with.
        """
        self._forget_if_forked()
        loop = asyncio.get_running_loop()
        if loop in self._open_now:
            return self._open_now[loop]
        opening = self._opening.get(loop)
        if opening is None:
            if self._closed:
                raise store_closed()
            opening = self._opening[loop] = loop.create_task(self._open(loop))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            raise
        except BaseException:
            if self._opening.get(loop) is opening:
                del self._opening[loop]
            raise

    def current(self) -> C | None:
        """The client of the running loop, if it is open."""
        self._forget_if_forked()
        return self._open_now.get(asyncio.get_running_loop())

    async def close(self) -> None:
        """Close the running loop's client, and have those of other loops closed there."""
        self._closed = True
        self._forget_if_forked()
        here = asyncio.get_running_loop()
        if here in self._opening:
            await asyncio.wait([self._opening[here]])
        for loop, keeper in list(self._keepers.items()):
            if loop is here:
                await keeper.aclose()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(_finish(keeper), loop)
        for known in (self._opening, self._open_now, self._keepers):
            known.clear()

    async def _open(self, loop: Loop) -> C:
        client = await self._open_client()
        keeper = self._keepers[loop] = self._keep(loop, client)
        await keeper.__anext__()
        self._open_now[loop] = client
        return client

    async def _keep(self, loop: Loop, client: C) -> AsyncGenerator[None, None]:
        """Close the client when this generator ends, at the latest with its loop: asyncio.run ends generators last."""
        try:
            yield
        finally:
            await self._close_client(client)
            for known in (self._opening, self._open_now, self._keepers):
                known.pop(loop, None)

    def _forget_if_forked(self) -> None:
        """A child must not touch its parent's connections, nor even close them."""
        if self._owner != os.getpid():
            self._inherited = self._opening, self._open_now, self._keepers
            self._opening, self._open_now, self._keepers, self._owner = {}, {}, {}, os.getpid()


async def _finish(keeper: AsyncGenerator[None, None]) -> None:
    await keeper.aclose()
