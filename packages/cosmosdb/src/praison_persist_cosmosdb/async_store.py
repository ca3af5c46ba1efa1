"""The asynchronous store: which engine the hooks use."""

from __future__ import annotations

from praison_persist.async_vectorstore import AsyncVectorStoreBase

from .async_engine import AsyncEngine
from .hooks import CosmosDBHooks
from .location import Location
from .options import Remote

__all__ = ["AsyncCosmosDBKnowledgeStore"]


class AsyncCosmosDBKnowledgeStore(CosmosDBHooks, AsyncVectorStoreBase):
    """Documents in Azure Cosmos DB, for one event loop after another. Options: `CosmosDBHooks`."""

    backend = "async_cosmosdb"

    def _open_engine(self, location: Location, remote: Remote) -> AsyncEngine:
        return AsyncEngine(location, remote)
