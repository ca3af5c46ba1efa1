"""SQLite stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncSQLiteConversationStore as AsyncSQLiteConversationStore
    from .store import SQLiteConversationStore as SQLiteConversationStore
    from .store import SQLiteStateStore as SQLiteStateStore
    from .store import SyncSQLiteConversationStore as SyncSQLiteConversationStore

__all__ = [
    "AsyncSQLiteConversationStore",
    "SQLiteConversationStore",
    "SQLiteStateStore",
    "SyncSQLiteConversationStore",
]

# The blocking stores need no asyncio.
__getattr__ = lazy_exports(
    __name__,
    {
        "AsyncSQLiteConversationStore": "async_store",
        "SQLiteConversationStore": "store",
        "SQLiteStateStore": "store",
        "SyncSQLiteConversationStore": "store",
    },
)
