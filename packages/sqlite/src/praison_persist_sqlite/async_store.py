"""The asynchronous SQLite store: the blocking driver in one thread, so an operation costs one hop."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.sql import SQLITE, AsyncSQLConversationStore, Tables

from .driver import SQLiteDriver
from .options import SQLiteStore

__all__ = ["AsyncSQLiteConversationStore"]


class AsyncSQLiteConversationStore(SQLiteStore, AsyncSQLConversationStore):
    """Conversations in a SQLite file, for asyncio. Options: `SQLiteStore`."""

    backend = "async_sqlite"

    def _assemble(self, driver: SQLiteDriver, prefix: str, retry: RetryPolicy, auto_create_tables: bool) -> None:
        AsyncSQLConversationStore.__init__(
            self,
            driver,
            backend=self.backend,
            tables=Tables(SQLITE, prefix),
            retry=retry,
            auto_create_tables=auto_create_tables,
        )
