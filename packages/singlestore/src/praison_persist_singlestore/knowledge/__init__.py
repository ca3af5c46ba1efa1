"""The knowledge store of this package: documents and vectors in SingleStore."""

from .store import SingleStoreVectorKnowledgeStore

__all__ = ["SingleStoreVectorKnowledgeStore"]
