"""Qdrant knowledge store for praison-persist."""

from .__about__ import __version__
from .store import QdrantKnowledgeStore

__all__ = ["QdrantKnowledgeStore", "__version__"]
