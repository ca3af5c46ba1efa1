"""LightRAG as a knowledge store of praison-persist."""

from .store import LightRAGKnowledgeStore as LightRAGKnowledgeStore

__all__ = ["LightRAGKnowledgeStore"]
