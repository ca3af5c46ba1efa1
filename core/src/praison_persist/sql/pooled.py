"""A `Driver` on a `Pool` of its own in every process: what blocking client libraries share. Knows none of them."""

from __future__ import annotations

import os
import threading
from abc import abstractmethod
from typing import Generic, TypeVar

from ..lifecycle import store_closed
from .driver import Driver
from .pool import Pool

__all__ = ["PooledDriver"]

C = TypeVar("C")


class PooledDriver(Driver, Generic[C]):
    """The pool is made by the first operation, and made anew in a forked child.

    Args:
        size: most connections.
        timeout: seconds to wait for a free connection.
        place: the server, for messages.
    """

    def __init__(self, *, size: int, timeout: float, place: str) -> None:
        self._size = size
        self._timeout = timeout
        self._place = place
        self._pool: Pool[C] | None = None
        self._guard = threading.Lock()
        self._owner = 0
        self._closed = False

    @abstractmethod
    def connect(self) -> C:
        """Open a connection in autocommit mode."""

    @abstractmethod
    def disconnect(self, connection: C) -> None:
        """Close a connection, whatever its state; must not fail."""

    @abstractmethod
    def is_usable(self, connection: C) -> bool:
        """Whether a connection still seems alive; must be cheap."""

    def acquire(self) -> C:
        if self._owner and self._owner != os.getpid():
            self._after_fork()
        return (self._pool or self._open()).acquire()

    def release(self, connection: C, *, broken: bool) -> None:
        if self._pool is not None:
            self._pool.release(connection, broken=broken)

    def close(self) -> None:
        with self._guard:
            self._closed = True
        if self._pool is not None and self._owner == os.getpid():
            self._pool.close()

    def _open(self) -> Pool[C]:
        with self._guard:
            if self._closed:
                raise store_closed()
            if self._pool is None:
                self._pool = Pool(
                    self.connect,
                    self.disconnect,
                    self.is_usable,
                    size=self._size,
                    timeout=self._timeout,
                    place=self._place,
                )
                self._owner = os.getpid()
            return self._pool

    def _after_fork(self) -> None:
        """A child must not touch its parent's connections, nor even close them: forget the pool."""
        self._inherited = self._pool
        self._pool, self._guard, self._owner = None, threading.Lock(), 0
