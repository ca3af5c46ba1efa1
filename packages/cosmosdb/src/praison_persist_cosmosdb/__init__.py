"""Azure Cosmos DB knowledge stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncCosmosDBKnowledgeStore as AsyncCosmosDBKnowledgeStore
    from .store import CosmosDBKnowledgeStore as CosmosDBKnowledgeStore

__all__ = ["AsyncCosmosDBKnowledgeStore", "CosmosDBKnowledgeStore"]

# The blocking store needs no asyncio.
__getattr__ = lazy_exports(__name__, {"AsyncCosmosDBKnowledgeStore": "async_store", "CosmosDBKnowledgeStore": "store"})
