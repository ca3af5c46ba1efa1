"""What the entry points of this distribution name; imported only when one of these stores is created."""

from praison_persist import store_factory

from .async_store import AsyncPostgresConversationStore
from .knowledge import PGVectorKnowledgeStore
from .store import PostgresConversationStore, PostgresStateStore

__all__ = ["async_postgres", "pgvector", "postgres", "postgres_state"]

postgres = store_factory(PostgresConversationStore)
async_postgres = store_factory(AsyncPostgresConversationStore)
postgres_state = store_factory(PostgresStateStore)
pgvector = store_factory(PGVectorKnowledgeStore)
