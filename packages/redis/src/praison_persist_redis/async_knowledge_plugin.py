"""The asynchronous knowledge store's entry point, apart so that the blocking one loads no asyncio."""

from praison_persist import store_factory

from .knowledge.async_store import AsyncRedisVectorKnowledgeStore

__all__ = ["async_redis"]

async_redis = store_factory(AsyncRedisVectorKnowledgeStore)
