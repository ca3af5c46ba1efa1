"""A bounded pool of blocking connections, opened by the threads that need them. Knows no database library.

There is no thread of its own: a server that is away is an error of the caller that tried to connect, at once and with
the reason, and the first call after its return connects again.
"""

from __future__ import annotations

import select
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from ..errors import OperationTimeoutError
from ..lifecycle import store_closed

__all__ = ["Pool", "is_quiet"]

C = TypeVar("C")

IDLE_SECONDS = 300.0
LIFE_SECONDS = 1800.0


class Pool(Generic[C]):
    """At most so many connections; who finds none free waits in line. The one used last is used next.

    Args:
        connect: opens a connection; its errors are those of `acquire`.
        disconnect: closes a connection, whatever its state; must not fail.
        usable: whether an idle connection still seems alive; must be cheap.
        size: most connections.
        timeout: seconds to wait for a free connection.
        place: the server, for messages.
        idle_seconds: a connection that was not used for so long is closed by the next call.
        life_seconds: a connection older than this is closed when it is given back.
    """

    def __init__(
        self,
        connect: Callable[[], C],
        disconnect: Callable[[C], None],
        usable: Callable[[C], bool],
        *,
        size: int,
        timeout: float,
        place: str,
        idle_seconds: float = IDLE_SECONDS,
        life_seconds: float = LIFE_SECONDS,
    ) -> None:
        self._connect = connect
        self._disconnect = disconnect
        self._usable = usable
        self._size = size
        self._timeout = timeout
        self._place = place
        self._idle_seconds = idle_seconds
        self._life_seconds = life_seconds
        self._lock = threading.Lock()
        self._idle: deque[tuple[C, float]] = deque()  # with the time it was given back; the newest last
        self._born: dict[int, float] = {}  # of every open connection, by its id
        self._opening = 0
        self._line: deque[_Turn[C]] = deque()
        self._closed = False

    def acquire(self) -> C:
        """A connection for this thread alone, until `release`.

        Raises:
            OperationTimeoutError: none was free in time.
            ClosedError: the pool was closed.
            Exception: connecting failed, for this caller or, while no connection is open at all, for one before it.
        """
        turn: _Turn[C] | None = None
        while True:
            with self._lock:
                if self._closed:
                    raise store_closed()
                connection = self._idle.pop()[0] if self._idle else None
                if connection is None:
                    if len(self._born) + self._opening < self._size:
                        self._opening += 1
                    else:
                        turn = _Turn()
                        self._line.append(turn)
            if connection is None:
                break
            if self._usable(connection):
                return connection
            self._forget(connection)
        if turn is not None:
            given = self._wait(turn)
            if given is not None:
                return given
        return self._open()

    def release(self, connection: C, *, broken: bool = False) -> None:
        """Give a connection back; a broken one makes room for a new one."""
        now = time.monotonic()
        with self._lock:
            keep = not (broken or self._closed or now - self._born[id(connection)] > self._life_seconds)
            if keep and self._line:
                self._line.popleft().go(connection)
            elif keep:
                self._idle.append((connection, now))
            stale: list[C] = []
            while self._idle and now - self._idle[0][1] > self._idle_seconds:
                stale.append(self._idle.popleft()[0])
        for old in stale if keep else [*stale, connection]:
            self._forget(old)

    def close(self) -> None:
        """Close the idle connections and, as they are given back, the others; who waits is refused."""
        with self._lock:
            self._closed = True
            idle, self._idle = list(self._idle), deque()
            while self._line:
                self._line.popleft().refuse(store_closed())
        for connection, _ in idle:
            self._forget(connection)

    def _wait(self, turn: _Turn[C]) -> C | None:
        """A connection, or None for the right to open one."""
        try:
            turn.wait(self._timeout)
        except BaseException:  # Ctrl-C
            if not self._left(turn):
                self._pass_on(turn)
            raise
        if self._left(turn):
            raise OperationTimeoutError(
                f"no connection to {self._place} was free within {self._timeout:g} s",
                hint="raise pool_size= or timeout=, or look for calls that hold connections for long",
            )
        return turn.outcome()

    def _left(self, turn: _Turn[C]) -> bool:
        """Leave the line; False when the turn had come."""
        with self._lock:
            waiting = not turn.over()
            if waiting:
                self._line.remove(turn)
        return waiting

    def _pass_on(self, turn: _Turn[C]) -> None:
        """Give what the turn brought to the next."""
        with suppress(Exception):  # it was refused
            connection = turn.outcome()
            if connection is not None:
                self.release(connection)
                return
            with self._lock:
                self._opening -= 1
                self._next_may_open()

    def _open(self) -> C:
        """A new connection, for which room was made in `_opening`."""
        try:
            connection = self._connect()
        except BaseException as error:
            with self._lock:
                self._opening -= 1
                if self._born or not isinstance(error, Exception):
                    self._next_may_open()
                else:  # nobody will give a connection back
                    while self._line:
                        self._line.popleft().refuse(error)
            raise
        with self._lock:
            self._opening -= 1
            self._born[id(connection)] = time.monotonic()
        return connection

    def _forget(self, connection: C) -> None:
        """Close a connection that is in nobody's hands, and let the next in line open another."""
        with self._lock:
            del self._born[id(connection)]
            self._next_may_open()
        self._disconnect(connection)

    def _next_may_open(self) -> None:
        """With the lock held: room was made."""
        if self._line and not self._closed:
            self._opening += 1
            self._line.popleft().go(None)


class _Turn(Generic[C]):
    """A place in the line; ended by exactly one of `go` and `refuse`, with the pool's lock held."""

    __slots__ = ("_connection", "_error", "_event")

    def __init__(self) -> None:
        self._event = threading.Event()
        self._connection: C | None = None
        self._error: BaseException | None = None

    def go(self, connection: C | None) -> None:
        self._connection = connection
        self._event.set()

    def refuse(self, error: BaseException) -> None:
        self._error = error
        self._event.set()

    def wait(self, seconds: float) -> None:
        self._event.wait(seconds)

    def over(self) -> bool:
        return self._event.is_set()

    def outcome(self) -> C | None:
        if self._error is not None:
            raise self._error
        return self._connection


def is_quiet(fileno: int) -> bool:
    """Whether nothing has arrived on an idle connection's socket; what may arrive is the end, or a farewell."""
    if hasattr(select, "poll"):  # not on Windows; select knows no descriptors above 1023 elsewhere
        poll = select.poll()
        poll.register(fileno, select.POLLIN)
        return not poll.poll(0)
    return not select.select([fileno], [], [], 0)[0]
