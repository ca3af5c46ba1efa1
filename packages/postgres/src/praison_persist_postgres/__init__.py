"""PostgreSQL stores for praison-persist: conversations, state, and knowledge with pgvector."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncPostgresConversationStore as AsyncPostgresConversationStore
    from .knowledge import PGVectorKnowledgeStore as PGVectorKnowledgeStore
    from .store import PostgresConversationStore as PostgresConversationStore
    from .store import PostgresStateStore as PostgresStateStore

__all__ = [
    "AsyncPostgresConversationStore",
    "PGVectorKnowledgeStore",
    "PostgresConversationStore",
    "PostgresStateStore",
]

# Each store needs one of the drivers only.
__getattr__ = lazy_exports(
    __name__,
    {
        "AsyncPostgresConversationStore": "async_store",
        "PGVectorKnowledgeStore": "knowledge",
        "PostgresConversationStore": "store",
        "PostgresStateStore": "store",
    },
)
