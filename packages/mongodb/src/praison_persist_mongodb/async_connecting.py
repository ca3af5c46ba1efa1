"""The asynchronous client, one for each event loop, opened when it is first used. Knows no documents."""

from __future__ import annotations

from typing import Any

from pymongo import AsyncMongoClient

from praison_persist.perloop import PerLoop

from .settings import Settings

__all__ = ["AsyncDatabases"]


class AsyncDatabases:
    """The database through the client of the running loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open = PerLoop(self._connect, _close)

    async def get(self) -> Any:
        """The database; connects when it is asked."""
        return await self._open.get()

    async def close(self) -> None:
        """Close the clients of all loops."""
        await self._open.close()

    async def _connect(self) -> Any:
        client: AsyncMongoClient[Any] = AsyncMongoClient(self._settings.url, **self._settings.client)
        return client[self._settings.database]


async def _close(database: Any) -> None:
    await database.client.close()
