"""The blocking clients of one project, of its control plane and its indexes, opened when first used.

Knows no documents.
"""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import httpx
from pinecone import Pinecone, RetryConfig

from praison_persist.lifecycle import store_closed

from .errors import asked_to_wait, translated
from .location import Location
from .options import Remote

__all__ = ["NO_RETRIES", "Engine"]

NO_RETRIES = RetryConfig(max_retries=0)
"""The client's own repetitions know no deadline and sleep as long as the service says; ours are in `asking`."""


class Engine:
    """The way to one project.

    Args:
        location: where it is.
        remote: how it is talked to.
    """

    asked_to_wait = staticmethod(asked_to_wait)
    pause = staticmethod(time.sleep)

    def __init__(self, location: Location, remote: Remote) -> None:
        self.location = location
        self.remote = remote
        self._opening = threading.Lock()
        self._closed = False
        self._owner = os.getpid()
        self._client: Any = None
        self._indexes: dict[str, Any] = {}

    def guard(self, *, write: bool = False) -> AbstractContextManager[None]:
        """Around every use of a client: its errors become those of the contract."""
        return translated(str(self.location), self.location.api_key, write=write)

    def control(self) -> Any:
        """The client of the control plane."""
        with self._opening:
            return self._control()

    def index(self, host: str) -> Any:
        """The client of an index.

        Args:
            host: where the control plane says that it is.
        """
        with self._opening:
            client = self._control()
            if host not in self._indexes:
                index: Any = client.index(host=host)
                index._http._client._transport._config = NO_RETRIES  # the client has no option for this
                self._indexes[host] = index
            return self._indexes[host]

    def listed(self) -> list[Any]:
        """All indexes of the project."""
        return list(self.control().indexes.list())

    def close(self) -> None:
        """Close the clients."""
        with self._opening:
            self._closed = True
            clients = [*self._indexes.values(), self._client]
            self._indexes, self._client = {}, None
        if self._owner == os.getpid():
            for client in clients:
                if client is not None:
                    client.close()

    def _control(self) -> Any:
        if self._closed:
            raise store_closed()
        if self._owner != os.getpid():  # a child must not touch its parent's connections, nor even close them
            self._inherited = self._client, self._indexes
            self._client, self._indexes, self._owner = None, {}, os.getpid()
        if self._client is None:
            self._client = opened(Pinecone, self.location, self.remote)
        return self._client


def opened(client: Callable[..., Any], location: Location, remote: Remote) -> Any:
    """A client of the control plane, either class; connects to nothing yet."""
    return client(
        api_key=location.api_key,
        host=location.host,
        timeout=remote.deadlines(),
        retry_config=NO_RETRIES,
        ssl_verify=_certificates(),
    )


@cache
def _certificates() -> ssl.SSLContext:
    """What the client would load anew, in some 70 ms, for itself and for each index."""
    return httpx.create_ssl_context()
