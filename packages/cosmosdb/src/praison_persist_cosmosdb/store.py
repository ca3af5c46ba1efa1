"""The blocking store: which engine the hooks use."""

from __future__ import annotations

from praison_persist.vectorstore import VectorStoreBase

from .engine import Engine
from .hooks import CosmosDBHooks
from .location import Location
from .options import Remote

__all__ = ["CosmosDBKnowledgeStore"]


class CosmosDBKnowledgeStore(CosmosDBHooks, VectorStoreBase):
    """Documents in Azure Cosmos DB. Options: `CosmosDBHooks`."""

    backend = "cosmosdb"

    def _open_engine(self, location: Location, remote: Remote) -> Engine:
        return Engine(location, remote)
