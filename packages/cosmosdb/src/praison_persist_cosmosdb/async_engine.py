"""The asynchronous clients of one account, one for each event loop that uses it. Knows no documents."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from azure.cosmos.aio import CosmosClient

from praison_persist.perloop import PerLoop

from .engine import opened
from .errors import asked_to_wait, translated
from .location import Location
from .options import Remote

__all__ = ["AsyncEngine"]

_LARGE = 2**20


class AsyncEngine:
    """The way to one database; arguments and methods as of `Engine`."""

    asked_to_wait = staticmethod(asked_to_wait)
    pause = staticmethod(asyncio.sleep)

    def __init__(self, location: Location, remote: Remote) -> None:
        self.location = location
        self.remote = remote
        self._clients: PerLoop[Any] = PerLoop(self._connect, _close)

    def guard(self, *, write: bool = False) -> AbstractContextManager[None]:
        """Around every use of a client: its errors become those of the contract."""
        return translated(self.location, write=write)

    async def client(self) -> Any:
        """The client of the account for the running loop; connects where it is not open yet."""
        return await self._clients.get()

    async def database(self, act: Callable[[Any], Any]) -> Any:
        """What an action gives on the client of the database."""
        return await act((await self.client()).get_database_client(self.location.database))

    async def listed(self, act: Callable[[Any], Any]) -> list[Any]:
        """All that an action's pages hold."""
        return [one async for one in act((await self.client()).get_database_client(self.location.database))]

    async def rows(
        self, container: str, sql: str, parameters: Sequence[Mapping[str, Any]], partition: str, **options: Any
    ) -> list[Any]:
        """All results of a query in one partition of a container."""
        return await self.listed(
            lambda database: database.get_container_client(container).query_items(
                sql, parameters=list(parameters), partition_key=partition, timeout=self.remote.timeout, **options
            )
        )

    async def close(self) -> None:
        """Close the clients of all loops."""
        await self._clients.close()

    async def _connect(self) -> Any:
        client = opened(CosmosClient, self.location, self.remote, raw_request_hook=_as_stream)
        try:
            return await client.__aenter__()
        except BaseException:
            await client.close()
            raise


async def _close(client: Any) -> None:
    await client.close()


class _Body(io.BytesIO):
    """A request's body, which the client may send once more after it was read."""

    def __init__(self, whole: bytes) -> None:
        super().__init__(whole)
        self.whole = whole


def _as_stream(request: Any) -> None:
    """Give a large body to aiohttp in the form that it asks for: bytes would hold up the event loop."""
    data = request.http_request.data
    if isinstance(data, _Body):
        request.http_request.data = _Body(data.whole)
    elif isinstance(data, bytes) and len(data) > _LARGE:
        request.http_request.data = _Body(data)
