"""The asynchronous client of a Qdrant server, one for each event loop that uses it. Knows no documents."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from qdrant_client import AsyncQdrantClient

from praison_persist.errors import ConfigurationError
from praison_persist.perloop import PerLoop

from .errors import translated
from .location import Location
from .remote import Remote, check_version

__all__ = ["AsyncEngine"]


class AsyncEngine:
    """The way to one Qdrant server; arguments as of `Engine`.

    Raises:
        ConfigurationError: the location is no server.
    """

    embedded = False

    def __init__(self, location: Location, remote: Remote) -> None:
        if location.embedded:
            raise ConfigurationError(
                "the embedded Qdrant works on the caller's thread and would block the event loop",
                hint="wrap the blocking store: praison_persist.aio.async_view(QdrantKnowledgeStore(...))",
            )
        self.location = location
        self._remote = remote
        self._clients = PerLoop(self._connect, _close)

    def guard(self, *, write: bool = False) -> AbstractContextManager[None]:
        """Around every use of `client`: its errors become those of the contract."""
        return translated(str(self.location), embedded=False, write=write)

    async def client(self) -> AsyncQdrantClient:
        """The open client of the running loop.

        Raises:
            UnavailableError: the server cannot be reached.
        """
        return await self._clients.get()

    async def close(self) -> None:
        """Close the clients of all loops."""
        await self._clients.close()

    async def _connect(self) -> AsyncQdrantClient:
        async def limit(request: Any) -> None:
            self._remote.limit(request)

        client = AsyncQdrantClient(**self._remote.client_options(self.location, limit))
        try:
            check_version((await client.info()).version, str(self.location))
        except BaseException:
            await client.close()
            raise
        return client


async def _close(client: AsyncQdrantClient) -> None:
    await client.close()
