"""The asynchronous clients of one project, a set for each event loop that uses it. Knows no documents."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from pinecone import AsyncPinecone

from praison_persist.perloop import PerLoop

from .engine import NO_RETRIES, opened
from .errors import asked_to_wait, translated
from .location import Location
from .options import Remote

__all__ = ["AsyncEngine"]


class _Clients:
    """The clients of one event loop."""

    def __init__(self, control: Any) -> None:
        self.control = control
        self.indexes: dict[str, Any] = {}


class AsyncEngine:
    """The way to one project; arguments as of `Engine`."""

    asked_to_wait = staticmethod(asked_to_wait)
    pause = staticmethod(asyncio.sleep)

    def __init__(self, location: Location, remote: Remote) -> None:
        self.location = location
        self.remote = remote
        self._clients = PerLoop(self._connect, _close)

    def guard(self, *, write: bool = False) -> AbstractContextManager[None]:
        """Around every use of a client: its errors become those of the contract."""
        return translated(str(self.location), self.location.api_key, write=write)

    async def control(self) -> Any:
        """The client of the control plane, for the running loop."""
        return (await self._clients.get()).control

    async def index(self, host: str) -> Any:
        """The client of an index; ``host`` as of `Engine.index`."""
        clients = await self._clients.get()
        if host not in clients.indexes:
            index = await clients.control.index(host=host)
            # The client has no option for this; it opens its connections later.
            index._http._config = replace(index._http._config, retry_config=NO_RETRIES)
            index = clients.indexes.setdefault(host, index)
        return clients.indexes[host]

    async def listed(self) -> list[Any]:
        """All indexes of the project."""
        return [one async for one in (await self.control()).indexes.list()]

    async def close(self) -> None:
        """Close the clients of all loops."""
        await self._clients.close()

    async def _connect(self) -> _Clients:
        return _Clients(opened(AsyncPinecone, self.location, self.remote))


async def _close(clients: _Clients) -> None:
    for client in [*clients.indexes.values(), clients.control]:
        await client.close()
