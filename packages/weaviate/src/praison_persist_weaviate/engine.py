"""The blocking client of a Weaviate server, opened when first used. Knows no documents."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager
from typing import Any

from weaviate import WeaviateClient

from praison_persist.lifecycle import store_closed

from .errors import telling, translated
from .location import Location
from .remote import Remote

__all__ = ["Engine"]


class Engine:
    """The way to one Weaviate.

    Args:
        location: where it is.
        remote: how it is talked to.
    """

    pause = staticmethod(time.sleep)

    def __init__(self, location: Location, remote: Remote) -> None:
        self.location = location
        self.timeout = remote.timeout
        self._remote = remote
        self._opening = threading.Lock()
        self._closed = False
        self._client: WeaviateClient | None = None

    def guard(self, *, write: bool = False) -> AbstractContextManager[None]:
        """Around every use of `client`: its errors become those of the contract."""
        return translated(str(self.location), write=write)

    def client(self) -> WeaviateClient:
        """The open client.

        Raises:
            UnavailableError: the server cannot be reached.
        """
        with self._opening:
            if self._closed:
                raise store_closed()
            if self._client is None:
                self._client = self._connect()
            return self._client

    def close(self) -> None:
        """Close the client."""
        with self._opening:
            self._closed = True
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connect(self) -> WeaviateClient:
        client = WeaviateClient(**self._remote.client_options(self.location))
        try:
            with translated(str(self.location), write=False, connecting=True):
                client.connect()
        except BaseException:
            client.close()
            raise
        connection: Any = client._connection  # the client has no option for this
        connection.timeout_config = self._remote.deadlines()
        connection._grpc_stub = telling(connection._grpc_stub)
        return client
