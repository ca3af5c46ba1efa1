"""SingleStore stores for praison-persist: conversations and knowledge."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .knowledge import SingleStoreVectorKnowledgeStore as SingleStoreVectorKnowledgeStore
    from .store import SingleStoreConversationStore as SingleStoreConversationStore

__all__ = ["SingleStoreConversationStore", "SingleStoreVectorKnowledgeStore"]

__getattr__ = lazy_exports(
    __name__, {"SingleStoreConversationStore": "store", "SingleStoreVectorKnowledgeStore": "knowledge"}
)
