"""Firestore stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncFirestoreStateStore as AsyncFirestoreStateStore
    from .store import FirestoreStateStore as FirestoreStateStore

__all__ = ["AsyncFirestoreStateStore", "FirestoreStateStore"]

# The blocking store needs no asyncio.
__getattr__ = lazy_exports(__name__, {"AsyncFirestoreStateStore": "async_store", "FirestoreStateStore": "store"})
