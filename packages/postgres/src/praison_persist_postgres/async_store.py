"""The asynchronous PostgreSQL store: which driver runs the SQL base."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.sql import AsyncSQLConversationStore, Tables

from .async_driver import AsyncpgDriver
from .options import PostgresStore
from .settings import Settings

__all__ = ["AsyncPostgresConversationStore"]


class AsyncPostgresConversationStore(PostgresStore, AsyncSQLConversationStore):
    """Conversations in PostgreSQL 12 or newer, for asyncio. Options: `PostgresStore`."""

    backend = "async_postgres"
    default_pool_size = 10

    def _assemble(self, settings: Settings, prefix: str, retry: RetryPolicy, auto_create_tables: bool) -> None:
        driver = AsyncpgDriver(settings)
        AsyncSQLConversationStore.__init__(
            self,
            driver,
            backend=self.backend,
            tables=Tables(driver.dialect, prefix, settings.schema),
            retry=retry,
            auto_create_tables=auto_create_tables,
        )
