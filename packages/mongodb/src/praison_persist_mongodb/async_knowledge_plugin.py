"""The asynchronous knowledge store's entry point, apart so that the blocking one loads no asyncio."""

from praison_persist import store_factory

from .knowledge.async_store import AsyncMongoDBVectorKnowledgeStore

__all__ = ["async_mongodb_vector"]

async_mongodb_vector = store_factory(AsyncMongoDBVectorKnowledgeStore)
