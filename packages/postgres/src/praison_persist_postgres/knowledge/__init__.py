"""The knowledge store of this package: documents and vectors in PostgreSQL with the pgvector extension."""

from .store import PGVectorKnowledgeStore

__all__ = ["PGVectorKnowledgeStore"]
