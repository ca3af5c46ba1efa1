"""Pinecone knowledge stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncPineconeKnowledgeStore as AsyncPineconeKnowledgeStore
    from .store import PineconeKnowledgeStore as PineconeKnowledgeStore

__all__ = ["AsyncPineconeKnowledgeStore", "PineconeKnowledgeStore"]

# The blocking store needs no asyncio.
__getattr__ = lazy_exports(__name__, {"AsyncPineconeKnowledgeStore": "async_store", "PineconeKnowledgeStore": "store"})
