"""The options that the stores of this package share, in one constructor."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from praison_persist.errors import PersistError
from praison_persist.retry import RetryPolicy

from .settings import Settings

__all__ = ["MySQLStore"]


class MySQLStore:
    """What `MySQLConversationStore` and `AsyncMySQLConversationStore` are given.

    Args:
        url: ``mysql://user:password@host:port/database``, with ``ssl_mode``, ``ssl_ca``, ``ssl_cert``, ``ssl_key``,
            ``unix_socket`` and ``connect_timeout`` as parameters; replaces the next five options.
        host, port, database, user, password: the server, where no URL is given.
        table_prefix: start of the table names.
        auto_create_tables: create and migrate tables on first use; otherwise only `setup` does.
        foreign_keys: whether new tables get a foreign key; None: where the host is not PlanetScale's.
        pool_size: most connections; callers wait for a free one. 5, of the asynchronous store 10.
        timeout: seconds to wait for a free connection.
        connect_timeout: seconds to wait for a new connection (at least 30 on serverless hosts).
        command_timeout: seconds to wait for the answer to a statement; None waits without end.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.

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
        port: int = 3306,
        database: str = "praisonai",
        user: str = "root",
        password: str = "",
        table_prefix: str = "praison_",
        auto_create_tables: bool = True,
        foreign_keys: bool | None = None,
        pool_size: int | None = None,
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
                foreign_keys=foreign_keys,
                pool_size=self.default_pool_size if pool_size is None else pool_size,
                timeout=timeout,
                connect_timeout=connect_timeout,
                command_timeout=command_timeout,
            )
            retry = RetryPolicy(max_retries=max_retries, retry_delay=retry_delay)
            self._assemble(self._settings, table_prefix, retry, auto_create_tables)
        except PersistError as error:
            error.backend = self.backend
            raise

    @abstractmethod
    def _assemble(self, settings: Settings, prefix: str, retry: RetryPolicy, auto_create_tables: bool) -> None:
        """Build the store; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.place!r})"
