"""SurrealDB stores for praison-persist: conversations and knowledge."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncSurrealDBConversationStore as AsyncSurrealDBConversationStore
    from .knowledge import SurrealDBVectorKnowledgeStore as SurrealDBVectorKnowledgeStore
    from .store import SurrealDBConversationStore as SurrealDBConversationStore

__all__ = ["AsyncSurrealDBConversationStore", "SurrealDBConversationStore", "SurrealDBVectorKnowledgeStore"]

# A blocking store needs no asyncio, a conversation no vectors.
__getattr__ = lazy_exports(
    __name__,
    {
        "AsyncSurrealDBConversationStore": "async_store",
        "SurrealDBConversationStore": "store",
        "SurrealDBVectorKnowledgeStore": "knowledge",
    },
)
