"""The blocking knowledge store: its options, and the client of its hooks."""

from __future__ import annotations

import os

from praison_persist.vectorstore import VectorStoreBase

from .engine import Client
from .hooks import Hooks
from .settings import Settings

__all__ = ["DuckdbKnowledgeStore"]


class DuckdbKnowledgeStore(Hooks, VectorStoreBase):
    """Documents, searched by vector.

    Args:
        path: the file.
        url: the same as a URL.
        timeout: seconds to wait for another writer.

    Raises:
        ConfigurationError: wrong options.
    """

    backend = "duckdb"

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, url: str | None = None, timeout: float = 30.0
    ) -> None:
        super().__init__()
        self._settings = Settings.of(path, url, timeout)
        self._client = Client(self._settings)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.path!r})"
