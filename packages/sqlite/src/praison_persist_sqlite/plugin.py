"""What the entry points of this distribution name; imported only when one of these stores is created."""

from praison_persist import store_factory

from .store import SQLiteConversationStore, SQLiteStateStore, SyncSQLiteConversationStore

__all__ = ["sqlite", "sqlite_state", "sync_sqlite"]

sqlite = store_factory(SQLiteConversationStore)
sync_sqlite = store_factory(SyncSQLiteConversationStore)
sqlite_state = store_factory(SQLiteStateStore)
