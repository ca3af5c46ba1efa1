"""The blocking PostgreSQL stores: options only; the work is done by the SQL base."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.sql import POSTGRES, SQLConversationStore, SQLStateStore, Tables

from .driver import PsycopgDriver
from .settings import Pooler, Settings

__all__ = ["PostgresConversationStore", "PostgresStateStore"]


class PostgresConversationStore(SQLConversationStore):
    """Conversations in PostgreSQL 12 or newer; PraisonAI's tables open and migrate.

    Args:
        url: ``postgresql://user:password@host:port/database``; replaces the next five options.
        host, port, database, user, password: the server, where no URL is given.
        schema: schema of the tables; created where it is missing and is not ``public``.
        table_prefix: start of the table names.
        auto_create_tables: create and migrate tables on first use; otherwise only `setup` does.
        pool_size: most connections; callers wait for a free one.
        timeout: seconds to wait for a free connection.
        connect_timeout: seconds to wait for a new connection (at least 30 on serverless hosts).
        pooler: ``"transaction"`` where a pooler gives every transaction another server connection (nothing is prepared
            then), ``"session"`` where not, ``"auto"`` to tell by host and port.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.
    """

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
        pool_size: int = 5,
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
            PsycopgDriver(settings),
            backend="postgres",
            tables=Tables(POSTGRES, table_prefix, schema),
            retry=RetryPolicy(max_retries=max_retries, retry_delay=retry_delay),
            auto_create_tables=auto_create_tables,
        )


class PostgresStateStore(SQLStateStore):
    """Values and hashes in PostgreSQL; options as `PostgresConversationStore`."""

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
        pool_size: int = 5,
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
            PsycopgDriver(settings),
            backend="postgres",
            tables=Tables(POSTGRES, table_prefix, schema),
            retry=RetryPolicy(max_retries=max_retries, retry_delay=retry_delay),
            auto_create_tables=auto_create_tables,
        )
