"""The asynchronous knowledge store: which engine runs the commands."""

from __future__ import annotations

from praison_persist.async_vectorstore import AsyncVectorStoreBase
from praison_persist.command_vectors import AsyncCaller
from praison_persist.retry import RetryPolicy

from ..async_engine import async_engine
from ..settings import Settings
from .options import RedisKnowledge

__all__ = ["AsyncRedisVectorKnowledgeStore"]


class AsyncRedisVectorKnowledgeStore(RedisKnowledge, AsyncVectorStoreBase):
    """`RedisVectorKnowledgeStore` on redis-py's asyncio client, for one event loop after another."""

    backend = "async_redis"

    def _caller(self, settings: Settings, retry: RetryPolicy) -> AsyncCaller:
        return AsyncCaller(async_engine(settings), retry)
