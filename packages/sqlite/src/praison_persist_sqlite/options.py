"""The options that the stores of this package share, in one constructor."""

from __future__ import annotations

import os
from abc import abstractmethod

from praison_persist.errors import PersistError
from praison_persist.retry import RetryPolicy

from .driver import SQLiteDriver
from .location import Location, Synchronous

__all__ = ["SQLiteStore"]


class SQLiteStore:
    """What the conversation and state stores are given.

    Args:
        path: file, created with its tables on first use; ``":memory:"`` lives as long as the store.
        url: the same as a URL: ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``sqlite://`` for memory.
        table_prefix: start of the table names, letters, digits and underscore.
        auto_create_tables: create and migrate tables on first use; otherwise only `setup` does.
        timeout: seconds to wait for another writer.
        synchronous: ``"FULL"``: an acknowledged message survives a power cut; ``"NORMAL"``: a crash of the process.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.

    Raises:
        ConfigurationError, InvalidInputError: wrong path, URL or options.
    """

    backend: str

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
        try:
            self._location = Location.of(url, path, timeout, synchronous)
            retry = RetryPolicy(max_retries=max_retries, retry_delay=retry_delay)
            self._assemble(SQLiteDriver(self._location), table_prefix, retry, auto_create_tables)
        except PersistError as error:
            error.backend = self.backend
            raise

    @abstractmethod
    def _assemble(self, driver: SQLiteDriver, prefix: str, retry: RetryPolicy, auto_create_tables: bool) -> None:
        """Build the store; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._location.path!r})"
