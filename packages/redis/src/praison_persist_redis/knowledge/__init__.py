"""The knowledge stores of this package, apart so that state loads nothing of vectors."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncRedisVectorKnowledgeStore as AsyncRedisVectorKnowledgeStore
    from .store import RedisVectorKnowledgeStore as RedisVectorKnowledgeStore

__all__ = ["AsyncRedisVectorKnowledgeStore", "RedisVectorKnowledgeStore"]

# The blocking store needs no asyncio.
__getattr__ = lazy_exports(
    __name__, {"AsyncRedisVectorKnowledgeStore": "async_store", "RedisVectorKnowledgeStore": "store"}
)
