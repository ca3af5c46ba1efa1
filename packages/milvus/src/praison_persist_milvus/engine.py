"""The client of a Milvus server, or of the embedded engine.

Knows no documents. Milvus does not refuse a key that exists, so whoever writes to a place holds its lock.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from typing import Any

from pymilvus import MilvusClient

from praison_persist.errors import UnavailableError
from praison_persist.lifecycle import store_closed

from .embedded import acquire, listens, release
from .errors import translated
from .location import Location

__all__ = ["Engine"]

logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it logs every error that it raises, with a traceback


_writing: dict[str, threading.RLock] = {}


class Engine:
    """The way to one Milvus; opened by the first use.

    Args:
        location: where it is.
        timeout: seconds for one call; the client repeats one that a broken connection stopped until then.
        connect_timeout: seconds for a connection.
    """

    def __init__(self, location: Location, timeout: float, connect_timeout: float) -> None:
        self.location = location
        self.embedded = location.path is not None
        self.timeout = timeout
        self._connect_timeout = connect_timeout
        self._place = os.path.realpath(location.path) if location.path is not None else str(location)
        self._opening = threading.Lock()
        self._closed = False
        self._client: Any = None
        self._process = 0
        self._address = ""  # of the embedded engine's process
        self._doubted = False  # whether that is still there

    @contextmanager
    def guard(self, *, write: bool = False) -> Generator[Any]:
        """The open client; its errors become those of the contract. Writers of this process come one by one.

        Where the embedded engine's process has died, the call that meets it fails, and the next one starts it again.
        """
        client = self._connected()
        try:
            with (
                _writing.setdefault(self._place, threading.RLock()) if write else nullcontext(),
                translated(str(self.location), self.location.token, write=write),
            ):
                yield client
        except UnavailableError:
            self._doubted = self.embedded
            raise

    def close(self) -> None:
        """Close the client, and end the embedded engine's process with its last user."""
        with self._opening:
            self._closed = True
            self._disconnect()

    def _connected(self) -> Any:
        with self._opening:
            if self._closed:
                raise store_closed()
            if self._client is not None and self._process != os.getpid():
                raise UnavailableError(
                    f"Milvus at {self.location} was opened by the process that this one was forked from",
                    hint="open the store after the fork",
                    retryable=False,
                )
            if self._doubted and not listens(self._address):
                self._disconnect()
            self._doubted = False
            if self._client is None:
                self._client, self._process = self._connect(), os.getpid()
            return self._client

    def _connect(self) -> Any:
        with translated(str(self.location), self.location.token, write=False, connecting=True):
            if not self.embedded:
                return MilvusClient(
                    self.location.url or "",
                    token=self.location.token or "",
                    db_name=self.location.db_name,
                    timeout=self._connect_timeout,
                    dedicated=True,
                )
            self._address = acquire(self._place)
            try:
                return MilvusClient(self._address, timeout=self._connect_timeout, dedicated=True)
            except BaseException:
                release(self._place)
                raise

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None and self._process == os.getpid():
            client.close()
            if self.embedded:
                release(self._place)
