"""The asynchronous client of a Weaviate server, one for each event loop that uses it. Knows no documents."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from typing import Any

from weaviate import WeaviateAsyncClient

from praison_persist.perloop import PerLoop

from .errors import telling_async, translated
from .location import Location
from .remote import Remote

__all__ = ["AsyncEngine"]


class AsyncEngine:
    """The way to one Weaviate; arguments as of `Engine`."""

    pause = staticmethod(asyncio.sleep)

    def __init__(self, location: Location, remote: Remote) -> None:
        self.location = location
        self.timeout = remote.timeout
        self._remote = remote
        self._clients = PerLoop(self._connect, _close)

    def guard(self, *, write: bool = False) -> AbstractContextManager[None]:
        """Around every use of `client`: its errors become those of the contract."""
        return translated(str(self.location), write=write)

    async def client(self) -> WeaviateAsyncClient:
        """The open client of the running loop.

        Raises:
            UnavailableError: the server cannot be reached.
        """
        return await self._clients.get()

    async def close(self) -> None:
        """Close the clients of all loops."""
        await self._clients.close()

    async def _connect(self) -> WeaviateAsyncClient:
        client = WeaviateAsyncClient(**self._remote.client_options(self.location))
        try:
            with translated(str(self.location), write=False, connecting=True):
                await client.connect()
        except BaseException:
            await client.close()
            raise
        connection: Any = client._connection  # the client has no option for this
        connection.timeout_config = self._remote.deadlines()
        connection._grpc_stub = telling_async(connection._grpc_stub)
        return client


async def _close(client: WeaviateAsyncClient) -> None:
    await client.close()
