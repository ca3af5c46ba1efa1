"""Milvus knowledge stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .store import MilvusKnowledgeStore as MilvusKnowledgeStore

__all__ = ["MilvusKnowledgeStore"]

__getattr__ = lazy_exports(__name__, {"MilvusKnowledgeStore": "store"})
