"""A bounded pool of asynchronous connections on one event loop: the twin of core's `Pool`. Knows no database library.

Not aiomysql's own: that opens one connection at a time, serves who comes last before who waits, and has no deadline.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from praison_persist.errors import OperationTimeoutError
from praison_persist.lifecycle import store_closed

__all__ = ["AsyncPool"]

C = TypeVar("C")

IDLE_SECONDS = 300.0


class AsyncPool(Generic[C]):
    """At most so many connections; who finds none free waits in line. The one used last is used next.

    Args:
        connect: opens a connection; its errors are those of `acquire`.
        disconnect: closes a connection, whatever its state.
        usable: whether an idle connection still seems alive; must be cheap.
        size: most connections.
        timeout: seconds to wait for a free connection.
        place: the server, for messages.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[C]],
        disconnect: Callable[[C], None],
        usable: Callable[[C], bool],
        *,
        size: int,
        timeout: float,
        place: str,
    ) -> None:
        self._connect = connect
        self._disconnect = disconnect
        self._usable = usable
        self._timeout = timeout
        self._place = place
        self._free = asyncio.Semaphore(size)
        self._idle: deque[tuple[C, float]] = deque()  # with the time it was given back; the newest last
        self._closed = False

    async def acquire(self) -> C:
        """A connection for this task alone, until `release`.

        Raises:
            OperationTimeoutError: none was free in time.
            ClosedError: the pool was closed.
            Exception: connecting failed.
        """
        if self._free.locked():
            try:
                await asyncio.wait_for(self._free.acquire(), self._timeout)
            except asyncio.TimeoutError:
                raise OperationTimeoutError(
                    f"no connection to {self._place} was free within {self._timeout:g} s",
                    hint="raise pool_size= or timeout=, or look for calls that hold connections for long",
                ) from None
        else:
            await self._free.acquire()  # at once: a task for wait_for would cost more than a short query
        try:
            while self._idle:
                connection = self._idle.pop()[0]
                if self._usable(connection):
                    return connection
                self._disconnect(connection)
            if self._closed:
                raise store_closed()
            return await self._connect()
        except BaseException:
            self._free.release()
            raise

    def release(self, connection: C, *, broken: bool = False) -> None:
        """Give a connection back; a broken one makes room for a new one."""
        now = time.monotonic()
        if broken or self._closed:
            self._disconnect(connection)
        else:
            self._idle.append((connection, now))
        while self._idle and now - self._idle[0][1] > IDLE_SECONDS:
            self._disconnect(self._idle.popleft()[0])
        self._free.release()

    def close(self) -> list[C]:
        """Close the idle connections, which it returns, the others as they are given back; who waits is refused."""
        self._closed = True
        closed = [connection for connection, _ in self._idle]
        self._idle.clear()
        for connection in closed:
            self._disconnect(connection)
        return closed
