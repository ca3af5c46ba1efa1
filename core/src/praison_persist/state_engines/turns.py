"""Turns of the callers of one store that change the same record, so that they do not compete with each other.

What other processes write is found out by the engine's conditions; nothing here is needed for that.
"""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

from .requests import Turn

__all__ = ["AsyncTurns", "Turns"]


class _Line:
    """Those who wait for a record, and the one whose turn it is."""

    __slots__ = ("callers", "lock")

    def __init__(self, lock: Any) -> None:
        self.lock = lock
        self.callers = 0


class Turns:
    """For threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._lines: dict[tuple[int, str], _Line] = {}

    def take(self, turn: Turn) -> tuple[int, str] | None:
        """Wait for it; what to `give` back, or None where it did not come in time."""
        place = (os.getpid(), turn.name)  # a child does not wait for its parent's threads
        with self._guard:
            line = self._lines.setdefault(place, _Line(threading.Lock()))
            line.callers += 1
        try:
            if line.lock.acquire(timeout=turn.seconds):
                return place
        except BaseException:
            self._leave(place)
            raise
        self._leave(place)
        return None

    def give(self, place: tuple[int, str]) -> None:
        """The next one's turn."""
        self._lines[place].lock.release()
        self._leave(place)

    def _leave(self, place: tuple[int, str]) -> None:
        with self._guard:
            line = self._lines[place]
            line.callers -= 1
            if not line.callers:
                del self._lines[place]


class AsyncTurns:
    """For the tasks of an event loop, each loop for itself."""

    def __init__(self) -> None:
        self._lines: dict[tuple[asyncio.AbstractEventLoop, str], _Line] = {}

    async def take(self, turn: Turn) -> tuple[asyncio.AbstractEventLoop, str] | None:
        """See `Turns.take`."""
        place = (asyncio.get_running_loop(), turn.name)
        line = self._lines.setdefault(place, _Line(asyncio.Lock()))
        line.callers += 1
        try:
            if line.lock.locked():
                await asyncio.wait_for(line.lock.acquire(), turn.seconds)
            else:
                await line.lock.acquire()  # at once; a timer would cost more
        except asyncio.TimeoutError:  # not the built-in TimeoutError before Python 3.11
            self._leave(place)
            return None
        except BaseException:
            self._leave(place)
            raise
        return place

    def give(self, place: tuple[asyncio.AbstractEventLoop, str]) -> None:
        """See `Turns.give`."""
        self._lines[place].lock.release()
        self._leave(place)

    def _leave(self, place: tuple[asyncio.AbstractEventLoop, str]) -> None:
        line = self._lines[place]
        line.callers -= 1
        if not line.callers:
            del self._lines[place]
