"""SQLite stores for praison-persist."""

from .async_store import AsyncSQLiteConversationStore
from .store import SQLiteConversationStore, SQLiteStateStore, SyncSQLiteConversationStore

__all__ = [
    "AsyncSQLiteConversationStore",
    "SQLiteConversationStore",
    "SQLiteStateStore",
    "SyncSQLiteConversationStore",
]
