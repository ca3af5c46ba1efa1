"""An embedded replica as a driver: reads from a local file, everything else on the server, and `sync` between them.

Writes do not go through `libsql`, which would hold Python's interpreter lock; its `sync` cannot be avoided.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any

from praison_persist.errors import PersistError
from praison_persist.lifecycle import store_closed
from praison_persist.sql import Result

from .embedded import connect, run
from .errors import AnswerError
from .hrana import Connection
from .location import Endpoint, Location
from .remote import RemoteDriver

__all__ = ["ReplicaDriver"]

_log = logging.getLogger(__name__)


class ReplicaDriver(RemoteDriver):
    """A server with a local copy for reading.

    An operation that has written reads on the server until its end, since the copy may lack what others wrote.
    """

    def __init__(self, location: Location, endpoint: Endpoint) -> None:
        super().__init__(location, endpoint)
        self._copy: Any = None
        self._copy_lock = threading.Lock()
        self._stale = True
        self._wrote: set[int] = set()

    def release(self, connection: Connection, *, broken: bool) -> None:
        wrote = id(connection) in self._wrote
        self._wrote.discard(id(connection))
        super().release(connection, broken=broken)
        if wrote and self.location.sync_on_write:
            self._stale = True
            try:
                self.sync()
            except (AnswerError, PersistError) as error:  # the write stands; the next read tries again
                _log.warning("%s", self.translate(error) if isinstance(error, AnswerError) else error)

    def execute(self, connection: Connection, sql: str, params: Sequence[Any]) -> Result:
        if id(connection) in self._wrote or not sql.startswith("SELECT"):
            self._wrote.add(id(connection))
            return super().execute(connection, sql, params)
        if self._stale:
            self.sync()
        with self._copy_lock:
            return run(self._opened(), sql, params)

    def sync(self) -> None:
        """Fetch what the server has; holds the interpreter's lock meanwhile.

        Raises:
            AnswerError: the server cannot be reached, or does not offer replicas.
        """
        with self._copy_lock:
            try:
                self._opened().sync()
            except ValueError as error:
                raise AnswerError(str(error), "SYNC_FAILED") from error
            self._stale = False

    def close(self) -> None:
        super().close()
        with self._copy_lock:
            if self._copy is not None:
                self._copy.close()
                self._copy = None

    def _opened(self) -> Any:
        """The copy's connection, with the lock held."""
        if self._closed:
            raise store_closed()
        if self._copy is None:
            self._copy = connect(self.location)
        return self._copy

    def _after_fork(self) -> None:
        super()._after_fork()
        self._inherited_copy, self._copy, self._copy_lock = self._copy, None, threading.Lock()
