"""The asynchronous store's entry point, apart from `plugin` so that the blocking one loads no asyncio."""

from praison_persist import store_factory

from .async_store import AsyncCosmosDBKnowledgeStore

__all__ = ["async_cosmosdb"]

async_cosmosdb = store_factory(AsyncCosmosDBKnowledgeStore)
