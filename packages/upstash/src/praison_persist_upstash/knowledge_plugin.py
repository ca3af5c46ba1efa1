"""The blocking knowledge store's entry point, apart from `plugin` so that the state store loads nothing of vectors."""

from praison_persist import store_factory

from .knowledge.store import UpstashVectorKnowledgeStore

__all__ = ["upstash_vector"]

upstash_vector = store_factory(UpstashVectorKnowledgeStore)
