"""The client of a Milvus server, or of the embedded engine, whose process all stores of one file share.

Knows no documents. Milvus does not refuse a key that exists, so whoever writes to a place holds its lock.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymilvus import MilvusClient

from praison_persist.errors import ConfigurationError, UnavailableError
from praison_persist.lifecycle import store_closed

from .errors import translated
from .location import Location

__all__ = ["Engine"]

logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it logs every error that it raises, with a traceback


_START = 30.0
"""Seconds for the embedded engine's process to listen."""


@dataclass
class _Server:
    """The process of the embedded engine for one file."""

    address: str
    process: int
    users: int = 0


_servers: dict[str, _Server] = {}
_servers_lock = threading.Lock()
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

    @contextmanager
    def guard(self, *, write: bool = False) -> Generator[Any]:
        """The open client; its errors become those of the contract. Writers of this process come one by one."""
        client = self._connected()
        with (
            _writing.setdefault(self._place, threading.RLock()) if write else nullcontext(),
            translated(str(self.location), self.location.token, write=write),
        ):
            yield client

    def close(self) -> None:
        """Close the client, and end the embedded engine's process with its last user."""
        with self._opening:
            self._closed = True
            client, self._client = self._client, None
            if client is not None and self._process == os.getpid():
                client.close()
                if self.embedded:
                    _release(self._place)

    def _connected(self) -> Any:
        with self._opening:
            if self._closed:
                raise store_closed()
            if self._client is None:
                self._client, self._process = self._connect(), os.getpid()
            elif self._process != os.getpid():
                raise UnavailableError(
                    f"Milvus at {self.location} was opened by the process that this one was forked from",
                    hint="open the store after the fork",
                    retryable=False,
                )
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
            address = _acquire(self._place)
            try:
                return MilvusClient(address, timeout=self._connect_timeout, dedicated=True)
            except BaseException:
                _release(self._place)
                raise


def _lite() -> Any:
    try:
        from milvus_lite.server_manager import server_manager_instance
    except ImportError as exc:
        raise ConfigurationError(
            f"the embedded Milvus is not installed: {exc}", hint="pip install 'praison-persist-milvus[lite]'"
        ) from exc
    return server_manager_instance


def _acquire(path: str) -> str:
    """The address of the engine's process for a file, which is started for the first user."""
    lite = _lite()
    with _servers_lock:
        found = _servers.get(path)
        if found is None or found.process != os.getpid():
            try:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                address = lite.start_and_get_uri(path)
            except OSError as exc:
                raise UnavailableError(f"the embedded Milvus cannot open {path}: {exc}", retryable=False) from exc
            if address is None:
                raise UnavailableError(
                    f"the embedded Milvus cannot open {path}", hint="is it open in another process?", retryable=False
                )
            _await_socket(path, address)
            found = _servers[path] = _Server(address, os.getpid())
        found.users += 1
        return found.address


def _await_socket(path: str, address: str) -> None:
    """The engine's process says that it is started before it listens, which takes seconds on a busy machine."""
    end = time.monotonic() + _START
    while not Path(address.removeprefix("unix:")).exists():
        if time.monotonic() > end:
            _lite().release_server(path)
            raise UnavailableError(f"the embedded Milvus for {path} did not start within {_START:g} s")
        time.sleep(0.01)


def _release(path: str) -> None:
    with _servers_lock:
        found = _servers[path]
        found.users -= 1
        if not found.users:
            del _servers[path]
            _lite().release_server(path)
