"""The options that the SQL stores of this package share, in one constructor."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar

from praison_persist.errors import PersistError
from praison_persist.retry import RetryPolicy

from .settings import Pooler, Server, Settings

__all__ = ["PostgresStore"]


class PostgresStore:
    """What `PostgresConversationStore`, `AsyncPostgresConversationStore` and `PostgresStateStore` are given.

    Args:
        url: ``postgresql://user:password@host:port/database``; replaces the next five options.
        host, port, database, user, password: the server, where no URL is given.
        schema: schema of the tables; created where it is missing and is not ``public``.
        table_prefix: start of the table names.
        auto_create_tables: create and migrate tables on first use; otherwise only `setup` does.
        pool_size: most connections; callers wait for a free one. 5, of the asynchronous store 10.
        timeout: seconds to wait for a free connection.
        connect_timeout: seconds to wait for a new connection (at least 30 on serverless hosts).
        command_timeout: seconds to wait for the answer to a statement; None leaves it to the server
            (``statement_timeout``), and waits without end for one that is frozen.
        pooler: ``"transaction"`` where a pooler gives every transaction another server connection (nothing is prepared
            then), ``"session"`` where not, ``"auto"`` to tell by host and port.
        server: ``"cockroachdb"`` or ``"postgresql"``; ``"auto"`` goes by scheme and host.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`; on serverless hosts twice as many.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    backend: str
    default_pool_size: ClassVar[int] = 5

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
        pool_size: int | None = None,
        timeout: float = 30.0,
        connect_timeout: float = 10.0,
        command_timeout: float | None = None,
        pooler: Pooler = "auto",
        server: Server = "auto",
        max_retries: int = 3,
        retry_delay: float = 0.5,
    ) -> None:
        try:
            self._settings = Settings.of(
                url,
                host=host,
                port=port,
                database=database,
                user=user,
                password=password,
                schema=schema,
                pool_size=self.default_pool_size if pool_size is None else pool_size,
                timeout=timeout,
                connect_timeout=connect_timeout,
                command_timeout=command_timeout,
                pooler=pooler,
                server=server,
            )
            retry = RetryPolicy(max_retries=max_retries, retry_delay=retry_delay)
            if self._settings.serverless:
                retry = replace(retry, max_retries=2 * max_retries)
            self._assemble(self._settings, table_prefix, retry, auto_create_tables)
        except PersistError as error:
            error.backend = self.backend
            raise

    @abstractmethod
    def _assemble(self, settings: Settings, prefix: str, retry: RetryPolicy, auto_create_tables: bool) -> None:
        """Build the store; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.place!r})"
