"""The asynchronous store's entry point, apart from `plugin` so that the blocking one loads no asyncio."""

from .async_store import AsyncCosmosDBKnowledgeStore
from .modes import EitherAPI

__all__ = ["async_cosmosdb"]

async_cosmosdb = EitherAPI(AsyncCosmosDBKnowledgeStore, "async_mongodb_vector")
