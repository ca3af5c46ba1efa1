"""Chroma knowledge stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncChromaKnowledgeStore as AsyncChromaKnowledgeStore
    from .store import ChromaKnowledgeStore as ChromaKnowledgeStore

__all__ = ["AsyncChromaKnowledgeStore", "ChromaKnowledgeStore"]

# The blocking store needs no asyncio.
__getattr__ = lazy_exports(__name__, {"AsyncChromaKnowledgeStore": "async_store", "ChromaKnowledgeStore": "store"})
