"""The asynchronous store: which engine the hooks use."""

from __future__ import annotations

from praison_persist.async_vectorstore import AsyncVectorStoreBase

from .async_engine import AsyncEngine
from .hooks import ClickHouseHooks
from .location import Location, Remote

__all__ = ["AsyncClickHouseKnowledgeStore"]


class AsyncClickHouseKnowledgeStore(ClickHouseHooks, AsyncVectorStoreBase):
    """Documents on a ClickHouse server, for one event loop after another. Options: `ClickHouseHooks`."""

    backend = "async_clickhouse"

    def _open_engine(self, location: Location, remote: Remote) -> AsyncEngine:
        return AsyncEngine(location, remote)
