"""The knowledge store's entry point, apart from `plugin` so that the others load nothing of vectors."""

from praison_persist import store_factory

from .knowledge import SurrealDBVectorKnowledgeStore

__all__ = ["surrealdb_vector"]

surrealdb_vector = store_factory(SurrealDBVectorKnowledgeStore)
