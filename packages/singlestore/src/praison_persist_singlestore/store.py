"""The SingleStore conversation store: its options, and which driver runs the SQL base."""

from __future__ import annotations

from typing import ClassVar

from praison_persist.errors import PersistError
from praison_persist.retry import RetryPolicy
from praison_persist.sql import SINGLESTORE, Dialect, SQLConversationStore, Tables

from .driver import SingleStoreDriver
from .settings import Settings

__all__ = ["SingleStoreConversationStore"]


class SingleStoreConversationStore(SQLConversationStore):
    """Conversations in SingleStore 8 or newer.

    Args:
        url: ``singlestoredb://user:password@host:port/database``, with ``ssl_ca``, ``ssl_cert``, ``ssl_key``,
            ``ssl_disabled``, ``ssl_verify_cert``, ``ssl_verify_identity`` and ``connect_timeout`` as parameters;
            replaces the next five options.
        host, port, database, user, password: the server, where no URL is given.
        table_prefix: start of the table names.
        auto_create_tables: create tables on first use; otherwise only `setup` does.
        pool_size: most connections; callers wait for a free one.
        timeout: seconds to wait for a free connection.
        connect_timeout: seconds to wait for a new connection (at least 30 on SingleStore's own cloud).
        command_timeout: seconds to wait for the answer to a statement; None waits without end.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    backend = "singlestore"
    dialect: ClassVar[Dialect] = SINGLESTORE

    def __init__(
        self,
        url: str | None = None,
        *,
        host: str = "localhost",
        port: int = 3306,
        database: str = "praisonai",
        user: str = "root",
        password: str = "",
        table_prefix: str = "praison_",
        auto_create_tables: bool = True,
        pool_size: int = 5,
        timeout: float = 30.0,
        connect_timeout: float = 10.0,
        command_timeout: float | None = None,
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
                pool_size=pool_size,
                timeout=timeout,
                connect_timeout=connect_timeout,
                command_timeout=command_timeout,
            )
            super().__init__(
                SingleStoreDriver(self._settings, self.dialect),
                backend=self.backend,
                tables=Tables(self.dialect, table_prefix),
                retry=RetryPolicy(max_retries=max_retries, retry_delay=retry_delay),
                auto_create_tables=auto_create_tables,
            )
        except PersistError as error:
            error.backend = self.backend
            raise

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.place!r})"
