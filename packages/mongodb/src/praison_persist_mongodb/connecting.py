"""The blocking client, one for each process, opened when it is first used. Knows no documents."""

from __future__ import annotations

import os
import threading
from typing import Any

from pymongo import MongoClient

from .settings import Settings

__all__ = ["Databases"]


class Databases:
    """The database through the client of this process, which all threads share."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._guard = threading.Lock()
        self._open: dict[int, Any] = {}  # by process id: MongoDB's clients do not survive a fork

    def get(self) -> Any:
        """The database; connects when it is asked."""
        database = self._open.get(os.getpid())
        if database is None:
            with self._guard:
                database = self._open.get(os.getpid())
                if database is None:
                    client: MongoClient[Any] = MongoClient(self._settings.url, **self._settings.client)
                    database = self._open[os.getpid()] = client[self._settings.database]
        return database

    def close(self) -> None:
        """Close the client of this process."""
        if (database := self._open.pop(os.getpid(), None)) is not None:
            database.client.close()
