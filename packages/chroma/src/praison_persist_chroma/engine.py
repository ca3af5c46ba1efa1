"""Chroma's engine: the embedded one, shared inside the process, or a client of a server. Knows no documents.

The vendor's `Client` is not used: it keeps its systems in a table of the process, so that stores in memory would share
their data, and asks a server for things before anyone could give it a deadline. A collection needs `ServerAPI` only.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chromadb.api import ServerAPI
from chromadb.api.models.Collection import Collection
from chromadb.config import Settings, System

from praison_persist.errors import UnavailableError
from praison_persist.lifecycle import store_closed

from .errors import translated
from .location import MEMORY, Location
from .remote import Namespace, Remote

__all__ = ["Client", "Engine"]


@dataclass
class Client:
    """An open engine and where its collections are; ``collection`` makes one of a model."""

    api: Any
    space: Namespace
    collection: Any = Collection


@dataclass
class _Embedded:
    system: System
    client: Client
    lock: threading.RLock
    process: int
    users: int = 0


_shared: dict[str, _Embedded] = {}
_shared_lock = threading.Lock()


class Engine:
    """The way to one Chroma.

    Args:
        location: where it is.
        remote: how a server is talked to.
    """

    def __init__(self, location: Location, remote: Remote) -> None:
        self.location = location
        self.embedded = location.embedded
        self._remote = remote
        self._opening = threading.Lock()
        self._closed = False
        self._client: Client | None = None
        self._own: _Embedded | None = None

    @contextmanager
    def guard(self, *, write: bool = False) -> Generator[None]:
        """Around every use of `client`; an embedded engine is used by one thread at a time where it is written to."""
        alone = self._local().lock if self.embedded and write else nullcontext()
        with alone, translated(str(self.location), embedded=self.embedded, write=write):
            yield

    def client(self) -> Client:
        """The open engine.

        Raises:
            UnavailableError: the server cannot be reached, or the directory not be opened.
        """
        return self._local().client if self.embedded else self._server()

    def close(self) -> None:
        """Close the client, an embedded engine when its last user is gone."""
        with self._opening:
            self._closed = True
            client, own, self._client, self._own = self._client, self._own, None, None
        if client is not None:
            client.api._session.close()  # stopping the client leaves its connections open
        if own is not None and own.process == os.getpid():
            _release(own)

    def _server(self) -> Client:
        with self._opening:
            self._check_open()
            if self._client is None:
                api: Any = System(self._remote.settings(self.location, "chromadb.api.fastapi.FastAPI")).instance(
                    ServerAPI
                )
                session = api._session  # the client has no option for its deadlines
                session.timeout = self._remote.deadlines(quick=True)
                try:
                    space = Namespace.of(self.location, api.get_user_identity() if self.location.cloud else None)
                    api.get_database(space.database, space.tenant)
                except BaseException:
                    session.close()
                    raise
                session.timeout = self._remote.deadlines()
                self._client = Client(api, space)
            return self._client

    def _local(self) -> _Embedded:
        with self._opening:
            self._check_open()
            if self._own is None:
                self._own = self._acquire()
            elif self._own.process != os.getpid():
                raise UnavailableError(
                    f"the embedded Chroma in {self.location} was opened by the process that this one was forked from",
                    hint="open the store after the fork",
                    retryable=False,
                )
            return self._own

    def _acquire(self) -> _Embedded:
        if self.location.path == MEMORY:
            return _open(None)
        key = os.path.realpath(str(self.location.path))
        with _shared_lock:
            found = _shared.get(key)
            if found is None or found.process != os.getpid():
                found = _shared[key] = self._open_directory(key)
            found.users += 1
            return found

    def _open_directory(self, path: str) -> _Embedded:
        try:
            Path(path).mkdir(parents=True, exist_ok=True)
            return _open(path)
        except Exception as exc:
            raise UnavailableError(f"cannot open the directory {self.location}: {exc}", retryable=False) from exc

    def _check_open(self) -> None:
        if self._closed:
            raise store_closed()


def _open(path: str | None) -> _Embedded:
    place: dict[str, Any] = {} if path is None else {"is_persistent": True, "persist_directory": path}
    system = System(Settings(anonymized_telemetry=False, **place))
    api = system.instance(ServerAPI)
    system.start()
    return _Embedded(system, Client(api, Namespace()), threading.RLock(), os.getpid())


def _release(own: _Embedded) -> None:
    with _shared_lock:
        own.users -= 1
        if own.users > 0:
            return
        for key in [key for key, other in _shared.items() if other is own]:
            del _shared[key]
        with own.lock:
            own.system.stop()
