"""LanceDB knowledge stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncLanceDBKnowledgeStore as AsyncLanceDBKnowledgeStore
    from .store import LanceDBKnowledgeStore as LanceDBKnowledgeStore

__all__ = ["AsyncLanceDBKnowledgeStore", "LanceDBKnowledgeStore"]

# The blocking store needs no asyncio.
__getattr__ = lazy_exports(__name__, {"AsyncLanceDBKnowledgeStore": "async_store", "LanceDBKnowledgeStore": "store"})
