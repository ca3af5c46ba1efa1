"""The knowledge store's entry point, apart from `plugin` so that the others load nothing of vectors."""

from praison_persist import store_factory

from .knowledge import PGVectorKnowledgeStore

__all__ = ["pgvector"]

pgvector = store_factory(PGVectorKnowledgeStore)
