"""The knowledge stores of this package, apart so that state loads nothing of vectors."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncMongoDBVectorKnowledgeStore as AsyncMongoDBVectorKnowledgeStore
    from .store import MongoDBVectorKnowledgeStore as MongoDBVectorKnowledgeStore

__all__ = ["AsyncMongoDBVectorKnowledgeStore", "MongoDBVectorKnowledgeStore"]

# The blocking store needs no asyncio.
__getattr__ = lazy_exports(
    __name__, {"AsyncMongoDBVectorKnowledgeStore": "async_store", "MongoDBVectorKnowledgeStore": "store"}
)
