"""The asynchronous SQLite store: the blocking driver in one thread, so an operation costs one hop."""

from __future__ import annotations

import os

from praison_persist.retry import RetryPolicy
from praison_persist.sql import SQLITE, AsyncSQLConversationStore, Tables

from .driver import SQLiteDriver
from .location import Location, Synchronous

__all__ = ["AsyncSQLiteConversationStore"]


class AsyncSQLiteConversationStore(AsyncSQLConversationStore):
    """Conversations in a SQLite file, for asyncio; options as `SQLiteConversationStore`."""

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
            backend="async_sqlite",
            tables=Tables(SQLITE, table_prefix),
            retry=RetryPolicy(max_retries=max_retries, retry_delay=retry_delay),
            auto_create_tables=auto_create_tables,
        )
