"""The blocking client, one for each process, opened when it is first used. Knows no documents."""

from __future__ import annotations

import os
import threading
from typing import Any

from pymongo import MongoClient

from .settings import Settings

__all__ = ["Databases"]


class Databases:
    """The database, or one collection of it, through the client of this process, which all threads share."""

    def __init__(self, settings: Settings, collection: str | None = None) -> None:
        self._settings = settings
        self._collection = collection
        self._guard = threading.Lock()
        self._open: dict[int, Any] = {}  # by process id: MongoDB's clients do not survive a fork

    def get(self) -> Any:
        """It; connects when it is asked."""
        opened = self._open.get(os.getpid())
        if opened is None:
            with self._guard:
                opened = self._open.get(os.getpid())
                if opened is None:
                    client: MongoClient[Any] = MongoClient(self._settings.url, **self._settings.client)
                    database = client[self._settings.database]
                    opened = database if self._collection is None else database[self._collection]
                    self._open[os.getpid()] = opened
        return opened

    def close(self) -> None:
        """Close the client of this process."""
        if (opened := self._open.pop(os.getpid(), None)) is not None:
            (opened if self._collection is None else opened.database).client.close()
