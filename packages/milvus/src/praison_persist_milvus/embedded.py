"""The processes of the embedded engine: one for each file, which all stores of this process share."""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from praison_persist.errors import ConfigurationError, UnavailableError

__all__ = ["acquire", "listens", "release"]

_START = 30.0
"""Seconds for the process to listen."""


@dataclass
class _Server:
    """The process for one file."""

    address: str
    process: int
    users: int = 0


_servers: dict[str, _Server] = {}
_lock = threading.Lock()


def acquire(path: str) -> str:
    """The address of the process for a file, which is started for the first user, and again where it has died."""
    with _lock:
        found = _servers.get(path)
        if found is None or found.process != os.getpid():
            found = _servers[path] = _Server(_started(path), os.getpid())
        elif not listens(found.address):
            _lite().release_server(path)
            found.address = _started(path)
        found.users += 1
        return found.address


def release(path: str) -> None:
    """End the process with its last user."""
    with _lock:
        found = _servers[path]
        found.users -= 1
        if not found.users:
            del _servers[path]
            _lite().release_server(path)


def listens(address: str) -> bool:
    """Whether a process is there, however busy it is."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(address.removeprefix("unix:")) == 0


def _started(path: str) -> str:
    lite = _lite()
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        address = lite.start_and_get_uri(path)
    except OSError as exc:
        raise UnavailableError(f"the embedded Milvus cannot open {path}: {exc}", retryable=False) from exc
    if address is None:
        raise UnavailableError(
            f"the embedded Milvus cannot open {path}", hint="is it open in another process?", retryable=False
        )
    # It says that it is started before it listens, which takes seconds on a busy machine.
    end = time.monotonic() + _START
    while not listens(address):
        if time.monotonic() > end:
            lite.release_server(path)
            raise UnavailableError(f"the embedded Milvus for {path} did not start within {_START:g} s")
        time.sleep(0.01)
    return str(address)


def _lite() -> Any:
    try:
        from milvus_lite.server_manager import server_manager_instance
    except ImportError as exc:
        raise ConfigurationError(
            f"the embedded Milvus is not installed: {exc}", hint="pip install 'praison-persist-milvus[lite]'"
        ) from exc
    return server_manager_instance
