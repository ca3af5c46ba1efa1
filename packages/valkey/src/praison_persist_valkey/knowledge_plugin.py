"""The knowledge store's entry point, apart from `plugin` so that state loads nothing of vectors."""

from praison_persist import store_factory

from .knowledge import ValkeyVectorKnowledgeStore

__all__ = ["valkey"]

valkey = store_factory(ValkeyVectorKnowledgeStore)
