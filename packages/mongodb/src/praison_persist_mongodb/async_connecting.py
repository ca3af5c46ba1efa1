"""The asynchronous client, one for each event loop, opened when it is first used. Knows no documents."""

from __future__ import annotations

from typing import Any

from pymongo import AsyncMongoClient

from praison_persist.perloop import PerLoop

from .settings import Settings

__all__ = ["AsyncDatabases"]


class AsyncDatabases(PerLoop[Any]):
    """The database, or one collection of it, through the client of the running loop; it connects when it is asked."""

    def __init__(self, settings: Settings, collection: str | None = None) -> None:
        super().__init__(self._connect, self._disconnect)
        self._settings = settings
        self._collection = collection

    async def _connect(self) -> Any:
        client: AsyncMongoClient[Any] = AsyncMongoClient(self._settings.url, **self._settings.client)
        database = client[self._settings.database]
        return database if self._collection is None else database[self._collection]

    async def _disconnect(self, opened: Any) -> None:
        await (opened if self._collection is None else opened.database).client.close()
