"""The knowledge store's entry point, apart from `plugin` so that state loads nothing of vectors."""

from praison_persist import store_factory

from .knowledge.store import RedisVectorKnowledgeStore

__all__ = ["redis"]

redis = store_factory(RedisVectorKnowledgeStore)
