"""Weaviate knowledge stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncWeaviateKnowledgeStore as AsyncWeaviateKnowledgeStore
    from .store import WeaviateKnowledgeStore as WeaviateKnowledgeStore

__all__ = ["AsyncWeaviateKnowledgeStore", "WeaviateKnowledgeStore"]

# The blocking store needs no asyncio.
__getattr__ = lazy_exports(__name__, {"AsyncWeaviateKnowledgeStore": "async_store", "WeaviateKnowledgeStore": "store"})
