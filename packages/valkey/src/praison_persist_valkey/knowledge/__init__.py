"""The knowledge store of this package, apart so that state loads nothing of vectors."""

from .store import ValkeyVectorKnowledgeStore

__all__ = ["ValkeyVectorKnowledgeStore"]
