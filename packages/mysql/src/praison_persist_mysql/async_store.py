"""The asynchronous MySQL store: which driver runs the SQL base."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.sql import AsyncSQLConversationStore, Tables

from .async_driver import AiomysqlDriver
from .options import MySQLStore
from .settings import Settings

__all__ = ["AsyncMySQLConversationStore"]


class AsyncMySQLConversationStore(MySQLStore, AsyncSQLConversationStore):
    """Conversations in MySQL 8.0.17, MariaDB 10.2 or newer, for asyncio. Options: `MySQLStore`."""

    backend = "async_mysql"
    default_pool_size = 10

    def _assemble(self, settings: Settings, prefix: str, retry: RetryPolicy, auto_create_tables: bool) -> None:
        AsyncSQLConversationStore.__init__(
            self,
            AiomysqlDriver(settings),
            backend=self.backend,
            tables=Tables(settings.dialect, prefix),
            retry=retry,
            auto_create_tables=auto_create_tables,
        )
