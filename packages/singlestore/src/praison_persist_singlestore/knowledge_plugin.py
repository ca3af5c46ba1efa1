"""The knowledge store's entry point, apart from `plugin` so that the others load nothing of vectors."""

from praison_persist import store_factory

from .knowledge import SingleStoreVectorKnowledgeStore

__all__ = ["singlestore_vector"]

singlestore_vector = store_factory(SingleStoreVectorKnowledgeStore)
