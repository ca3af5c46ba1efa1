"""Knowledge in SurrealDB."""

from .store import SurrealDBVectorKnowledgeStore

__all__ = ["SurrealDBVectorKnowledgeStore"]
