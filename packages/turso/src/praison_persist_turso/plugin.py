"""What the entry points of this distribution name; imported only when one of these stores is created."""

from praison_persist import store_factory

from .store import TursoConversationStore, TursoStateStore

__all__ = ["turso", "turso_state"]

turso = store_factory(TursoConversationStore)
turso_state = store_factory(TursoStateStore)
