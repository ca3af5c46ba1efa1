"""The SingleStore conversation store for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .store import SingleStoreConversationStore as SingleStoreConversationStore

__all__ = ["SingleStoreConversationStore"]

__getattr__ = lazy_exports(__name__, {"SingleStoreConversationStore": "store"})
