"""The blocking store: which engine the hooks use."""

from __future__ import annotations

from praison_persist.vectorstore import VectorStoreBase

from .engine import Engine
from .hooks import ClickHouseHooks
from .location import Location, Remote

__all__ = ["ClickHouseKnowledgeStore"]


class ClickHouseKnowledgeStore(ClickHouseHooks, VectorStoreBase):
    """Documents in ClickHouse: a server over HTTP, or chDB in this process. Options: `ClickHouseHooks`."""

    backend = "clickhouse"

    def _open_engine(self, location: Location, remote: Remote) -> Engine:
        return Engine(location, remote)
