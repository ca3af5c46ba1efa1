"""The blocking SQLite stores: options only; the work is done by the SQL base."""

from __future__ import annotations

import os

from praison_persist.retry import RetryPolicy
from praison_persist.sql import SQLITE, SQLConversationStore, SQLStateStore, Tables

from .driver import SQLiteDriver
from .location import Location, Synchronous

__all__ = ["SQLiteConversationStore", "SQLiteStateStore", "SyncSQLiteConversationStore"]


class SQLiteConversationStore(SQLConversationStore):
    """Conversations in a SQLite file, opened in WAL mode; PraisonAI's databases open and migrate.

    Args:
        path: file, created with its tables on first use; ``":memory:"`` lives as long as the store.
        url: the same as a URL: ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``sqlite://`` for memory.
        table_prefix: start of the table names, letters, digits and underscore.
        auto_create_tables: create and migrate tables on first use; otherwise only `setup` does.
        timeout: seconds to wait for another writer.
        synchronous: ``"FULL"``: an acknowledged message survives a power cut; ``"NORMAL"``: a crash of the process.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        url: str | None = None,
        table_prefix: str = "praison_",
        auto_create_tables: bool = True,
        timeout: float = 30.0,
        synchronous: Synchronous = "FULL",
        max_retries: int = 3,
        retry_delay: float = 0.05,
    ) -> None:
        super().__init__(
            SQLiteDriver(Location.of(url, path, timeout, synchronous)),
            backend="sqlite",
            tables=Tables(SQLITE, table_prefix),
            retry=RetryPolicy(max_retries=max_retries, retry_delay=retry_delay),
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


class SQLiteStateStore(SQLStateStore):
    """Values and hashes in a SQLite file; options as `SQLiteConversationStore`."""

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        url: str | None = None,
        table_prefix: str = "praison_",
        auto_create_tables: bool = True,
        timeout: float = 30.0,
        synchronous: Synchronous = "FULL",
        max_retries: int = 3,
        retry_delay: float = 0.05,
    ) -> None:
        super().__init__(
            SQLiteDriver(Location.of(url, path, timeout, synchronous)),
            backend="sqlite",
            tables=Tables(SQLITE, table_prefix),
            retry=RetryPolicy(max_retries=max_retries, retry_delay=retry_delay),
            auto_create_tables=auto_create_tables,
        )
