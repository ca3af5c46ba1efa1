"""The asynchronous client of a ClickHouse server, one for each event loop that uses it. Knows no documents."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from typing import Any

from praison_persist.errors import ConfigurationError
from praison_persist.perloop import PerLoop

from .errors import translated
from .location import Location, Remote

__all__ = ["AsyncEngine"]


class AsyncEngine:
    """The way to one ClickHouse server; arguments as of `Engine`.

    Raises:
        ConfigurationError: the location is no server.
    """

    embedded = False

    def __init__(self, location: Location, remote: Remote) -> None:
        if location.embedded:
            raise ConfigurationError(
                "the embedded ClickHouse has no asynchronous client and would block the event loop",
                hint="wrap the blocking store: praison_persist.aio.async_view(ClickHouseKnowledgeStore(...))",
            )
        self.location = location
        self.patience = remote.timeout
        self._remote = remote
        self._clients = PerLoop(self._connect, _close)

    def guard(self, *, write: bool = False, alone: bool = False) -> AbstractContextManager[None]:
        """As of `Engine`."""
        del alone
        return translated(str(self.location), write=write)

    async def client(self) -> Any:
        """The open client of the running loop.

        Raises:
            UnavailableError: the server cannot be reached.
        """
        return await self._clients.get()

    async def pause(self, seconds: float) -> None:
        """Let other writers go on."""
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Close the clients of all loops."""
        await self._clients.close()

    async def _connect(self) -> Any:
        import clickhouse_connect

        with self.guard():
            return await clickhouse_connect.get_async_client(**self._remote.client_options(self.location))


async def _close(client: Any) -> None:
    await client.close()
