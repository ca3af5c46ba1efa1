"""The knowledge store's entry point, apart from `plugin` so that state loads nothing of vectors."""

from praison_persist import store_factory

from .knowledge.store import MongoDBVectorKnowledgeStore

__all__ = ["mongodb_vector"]

mongodb_vector = store_factory(MongoDBVectorKnowledgeStore)
