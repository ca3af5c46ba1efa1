"""Qdrant knowledge stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncQdrantKnowledgeStore as AsyncQdrantKnowledgeStore
    from .store import QdrantKnowledgeStore as QdrantKnowledgeStore

__all__ = ["AsyncQdrantKnowledgeStore", "QdrantKnowledgeStore"]

# The blocking store needs no asyncio.
__getattr__ = lazy_exports(__name__, {"AsyncQdrantKnowledgeStore": "async_store", "QdrantKnowledgeStore": "store"})
