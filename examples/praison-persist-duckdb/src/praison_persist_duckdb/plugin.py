"""What the entry points name; imported only when a store is created."""

from praison_persist import store_factory

from .knowledge import DuckdbKnowledgeStore

__all__ = ["knowledge"]

knowledge = store_factory(DuckdbKnowledgeStore)
