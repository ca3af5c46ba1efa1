"""What the entry points of this distribution name; imported only when one of these stores is created."""

from praison_persist import store_factory

from .store import PostgresConversationStore, PostgresStateStore

__all__ = ["postgres", "postgres_state"]

postgres = store_factory(PostgresConversationStore)
postgres_state = store_factory(PostgresStateStore)
