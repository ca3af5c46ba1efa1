"""The blocking conversation store's entry point; imported only when one is created."""

from praison_persist import store_factory

from .store import SurrealDBConversationStore

__all__ = ["surrealdb"]

surrealdb = store_factory(SurrealDBConversationStore)
