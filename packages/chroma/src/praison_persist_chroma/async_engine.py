"""The asynchronous client of a Chroma server, one for each event loop that uses it. Knows no documents."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from chromadb.api.async_api import AsyncServerAPI
from chromadb.api.models.AsyncCollection import AsyncCollection
from chromadb.config import System

from praison_persist.errors import ConfigurationError
from praison_persist.perloop import PerLoop

from .engine import Client
from .errors import translated
from .location import Location
from .remote import Namespace, Remote

__all__ = ["AsyncEngine"]


class AsyncEngine:
    """The way to one Chroma server; arguments as of `Engine`.

    Raises:
        ConfigurationError: the location is no server.
    """

    embedded = False

    def __init__(self, location: Location, remote: Remote) -> None:
        if location.embedded:
            raise ConfigurationError(
                "the embedded Chroma works on the caller's thread and would block the event loop",
                hint="wrap the blocking store: praison_persist.aio.async_view(ChromaKnowledgeStore(...))",
            )
        self.location = location
        self._remote = remote
        self._clients = PerLoop(self._connect, _close)

    def guard(self, *, write: bool = False) -> AbstractContextManager[None]:
        """Around every use of `client`: its errors become those of the contract."""
        return translated(str(self.location), embedded=False, write=write)

    async def client(self) -> Client:
        """The open client of the running loop.

        Raises:
            UnavailableError: the server cannot be reached.
        """
        return await self._clients.get()

    async def close(self) -> None:
        """Close the clients of all loops."""
        await self._clients.close()

    async def _connect(self) -> Client:
        settings = self._remote.settings(self.location, "chromadb.api.async_fastapi.AsyncFastAPI")
        api: Any = System(settings).instance(AsyncServerAPI)
        # The vendor's table is one for all clients of the process, whose servers and credentials would be mixed up.
        api._clients = {}
        session = api._get_client()  # the client has no option for its deadlines
        session.timeout = self._remote.deadlines(quick=True)
        client = Client(api, Namespace(), AsyncCollection)
        try:
            client.space = Namespace.of(self.location, await api.get_user_identity() if self.location.cloud else None)
            await api.get_database(client.space.database, client.space.tenant)
        except BaseException:
            await _close(client)
            raise
        session.timeout = self._remote.deadlines()
        return client


async def _close(client: Client) -> None:
    await client.api._cleanup()  # stopping the client would start a loop of its own
