"""The blocking SQLite stores: the SQL base on one connection."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.sql import SQLITE, SQLConversationStore, SQLStateStore, Tables

from .driver import SQLiteDriver
from .options import SQLiteStore

__all__ = ["SQLiteConversationStore", "SQLiteStateStore", "SyncSQLiteConversationStore"]


class SQLiteConversationStore(SQLiteStore, SQLConversationStore):
    """Conversations in a SQLite file in WAL mode; PraisonAI's databases open and migrate. Options: `SQLiteStore`."""

    backend = "sqlite"

    def _assemble(self, driver: SQLiteDriver, prefix: str, retry: RetryPolicy, auto_create_tables: bool) -> None:
        SQLConversationStore.__init__(
            self,
            driver,
            backend=self.backend,
            tables=Tables(SQLITE, prefix),
            retry=retry,
            auto_create_tables=auto_create_tables,
        )


class SyncSQLiteConversationStore(SQLiteConversationStore):
    """PraisonAI's name for the same store, with its two extra methods."""

    def init(self) -> None:
        """PraisonAI's name for `setup`."""
        self.setup()

    def clear_session(self, session_id: str) -> int:
        """Delete the session's messages, keep the session; how many there were."""
        return self.delete_messages(session_id)


class SQLiteStateStore(SQLiteStore, SQLStateStore):
    """Values and hashes in a SQLite file. Options: `SQLiteStore`."""

    backend = "sqlite"

    def _assemble(self, driver: SQLiteDriver, prefix: str, retry: RetryPolicy, auto_create_tables: bool) -> None:
        SQLStateStore.__init__(
            self,
            driver,
            backend=self.backend,
            tables=Tables(SQLITE, prefix),
            retry=retry,
            auto_create_tables=auto_create_tables,
        )
