"""Turso and libSQL stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncTursoConversationStore as AsyncTursoConversationStore
    from .store import TursoConversationStore as TursoConversationStore
    from .store import TursoStateStore as TursoStateStore

__all__ = ["AsyncTursoConversationStore", "TursoConversationStore", "TursoStateStore"]

# The blocking stores need no asyncio.
__getattr__ = lazy_exports(
    __name__,
    {
        "AsyncTursoConversationStore": "async_store",
        "TursoConversationStore": "store",
        "TursoStateStore": "store",
    },
)
