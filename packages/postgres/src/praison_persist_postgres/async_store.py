"""The asynchronous PostgreSQL store: options only; the work is done by the SQL base."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.sql import AsyncSQLConversationStore, Tables

from .async_driver import AsyncpgDriver
from .settings import Pooler, Settings

__all__ = ["AsyncPostgresConversationStore"]


class AsyncPostgresConversationStore(AsyncSQLConversationStore):
    """Conversations in PostgreSQL, for asyncio; options as `PostgresConversationStore`."""

    def __init__(
        self,
        url: str | None = None,
        *,
        host: str = "localhost",
        port: int = 5432,
        database: str = "praisonai",
        user: str = "postgres",
        password: str = "",
        schema: str = "public",
        table_prefix: str = "praison_",
        auto_create_tables: bool = True,
        pool_size: int = 10,
        timeout: float = 30.0,
        connect_timeout: float = 10.0,
        pooler: Pooler = "auto",
        max_retries: int = 3,
        retry_delay: float = 0.5,
    ) -> None:
        settings = Settings.of(
            url,
            host=host,
            port=port,
            database=database,
            user=user,
            password=password,
            schema=schema,
            pool_size=pool_size,
            timeout=timeout,
            connect_timeout=connect_timeout,
            pooler=pooler,
        )
        super().__init__(
            AsyncpgDriver(settings),
            backend="async_postgres",
            tables=Tables(AsyncpgDriver.dialect, table_prefix, schema),
            retry=RetryPolicy(max_retries=max_retries, retry_delay=retry_delay),
            auto_create_tables=auto_create_tables,
        )
