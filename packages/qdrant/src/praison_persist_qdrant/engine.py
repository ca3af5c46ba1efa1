"""Clients of Qdrant: opened when first used, embedded ones shared inside the process. Knows no documents.

The embedded engine is the client's own: one process, one writer. Its storage loses points when threads write at once,
and readers see half a write, so every use of it happens under its lock.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from qdrant_client import QdrantClient

from praison_persist.errors import UnavailableError
from praison_persist.lifecycle import store_closed

from .errors import translated
from .location import MEMORY, Location
from .remote import Remote, check_version

__all__ = ["Engine"]


@dataclass
class _Embedded:
    client: QdrantClient
    lock: threading.RLock
    process: int
    users: int = 0


_shared: dict[str, _Embedded] = {}
_shared_lock = threading.Lock()


class Engine:
    """The way to one Qdrant.

    Args:
        location: where it is.
        remote: how a server is talked to.
    """

    def __init__(self, location: Location, remote: Remote) -> None:
        self.location = location
        self.embedded = location.embedded
        self._settings = remote
        self._opening = threading.Lock()
        self._closed = False
        self._client: QdrantClient | None = None
        self._own: _Embedded | None = None

    @contextmanager
    def guard(self, *, write: bool = False) -> Generator[None]:
        """Around every use of `client`: alone with it where it is embedded; its errors become those of the contract.

        Raises:
            UnavailableError: the directory belongs to another process.
        """
        alone = self._local().lock if self.embedded else nullcontext()
        with alone, translated(str(self.location), embedded=self.embedded, write=write):
            yield

    def client(self) -> QdrantClient:
        """The open client.

        Raises:
            UnavailableError: the server cannot be reached.
        """
        return self._local().client if self.embedded else self._remote()

    def close(self) -> None:
        """Close the client, an embedded one when its last user is gone."""
        with self._opening:
            self._closed = True
            client, own, self._client, self._own = self._client, self._own, None, None
        if client is not None:
            client.close()
        if own is not None and own.process == os.getpid():
            self._release(own)

    # -- a server ------------------------------------------------------------------------------------------------

    def _remote(self) -> QdrantClient:
        with self._opening:
            self._check_open()
            if self._client is None:
                client = self._connect()
                try:
                    check_version(client.info().version, str(self.location))
                except BaseException:
                    client.close()
                    raise
                self._client = client
            return self._client

    def _connect(self) -> QdrantClient:
        return QdrantClient(**self._settings.client_options(self.location, self._settings.limit))

    # -- inside this process -------------------------------------------------------------------------------------

    def _local(self) -> _Embedded:
        with self._opening:
            self._check_open()
            if self._own is None:
                self._own = self._acquire()
            elif self._own.process != os.getpid() and self.location.path != MEMORY:
                raise _held(self.location, "the process that this one was forked from")
            return self._own

    def _acquire(self) -> _Embedded:
        if self.location.path == MEMORY:
            return _Embedded(QdrantClient(MEMORY), threading.RLock(), os.getpid())
        key = os.path.realpath(str(self.location.path))
        with _shared_lock:
            found = _shared.get(key)
            if found is None or found.process != os.getpid():
                found = _shared[key] = _Embedded(self._open(key), threading.RLock(), os.getpid())
            found.users += 1
            return found

    def _open(self, path: str) -> QdrantClient:
        try:
            # Its same-thread check is for callers without a lock of their own.
            return QdrantClient(path=path, force_disable_check_same_thread=True)
        except RuntimeError as exc:
            raise _held(self.location, "another process") from exc
        except OSError as exc:
            raise UnavailableError(f"cannot open the directory {self.location}: {exc}", retryable=False) from exc

    def _release(self, own: _Embedded) -> None:
        if self.location.path == MEMORY:
            own.client.close()
            return
        with _shared_lock:
            own.users -= 1
            if own.users > 0:
                return
            for key in [key for key, other in _shared.items() if other is own]:
                del _shared[key]
            with own.lock:
                own.client.close()

    def _check_open(self) -> None:
        if self._closed:
            raise store_closed()


def _held(location: Location, owner: str) -> UnavailableError:
    return UnavailableError(
        f"the embedded Qdrant in {location} is in use by {owner}, which holds {os.path.join(str(location), '.lock')}",  # noqa: PTH118 - text
        hint="an embedded Qdrant has one process; run a server and give url=http://localhost:6333 to share data",
    )
