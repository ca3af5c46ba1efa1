"""The options that the stores of this package share, in one constructor; chooses the driver."""

from __future__ import annotations

import os
from abc import abstractmethod

from praison_persist.errors import BackendNotInstalledError, ConfigurationError, PersistError
from praison_persist.retry import RetryPolicy
from praison_persist.sql import Driver

from .location import Location

__all__ = ["TursoStore"]


class TursoStore:
    """What the conversation and state stores are given.

    Without a URL the database is a local file, with one it is on that server. With a URL *and* a ``local_path`` the
    file is an embedded replica: reads are local, writes go to the server.

    Args:
        url: ``libsql://name.turso.io``, ``https://...`` or ``http://...``; ``file:agents.db`` for a local file whatever
            the environment says. Default: ``TURSO_DATABASE_URL``.
        auth_token: the server's token. Default: the URL's ``authToken``, then ``TURSO_AUTH_TOKEN``.
        local_path: file, created on first use; ``":memory:"`` lives as long as the store. Where there is no URL,
            ``praisonai_turso.db``.
        table_prefix: start of the table names, letters, digits and underscore.
        auto_create_tables: create and migrate tables on first use; otherwise only `setup` does.
        sync_on_write: of a replica: fetch what the server has after each write, and before the first read. Without,
            only `sync` does, and reads are as old as the last one.
        pool_size: most connections to the server; callers wait for a free one.
        timeout: seconds to wait for another writer, for a free connection, or for an answer of the server.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    backend: str

    def __init__(
        self,
        url: str | None = None,
        *,
        auth_token: str | None = None,
        local_path: str | os.PathLike[str] | None = None,
        table_prefix: str = "praison_",
        auto_create_tables: bool = True,
        sync_on_write: bool = True,
        pool_size: int = 5,
        timeout: float = 30.0,
        max_retries: int = 3,
        retry_delay: float = 0.1,
    ) -> None:
        try:
            self._location = Location.of(
                url,
                auth_token=auth_token,
                local_path=local_path,
                sync_on_write=sync_on_write,
                pool_size=pool_size,
                timeout=timeout,
            )
            retry = RetryPolicy(max_retries=max_retries, retry_delay=retry_delay)
            self._driver = _driver(self._location)
            self._assemble(self._driver, table_prefix, retry, auto_create_tables)
        except PersistError as error:
            error.backend = self.backend
            raise

    @abstractmethod
    def _assemble(self, driver: Driver, prefix: str, retry: RetryPolicy, auto_create_tables: bool) -> None:
        """Build the store; opens nothing."""

    def _synchronize(self) -> None:
        """Bring a replica up to date.

        Raises:
            ConfigurationError: the store is none.
            UnavailableError: the server cannot be reached.
        """
        try:
            if self._location.path is None or self._location.endpoint is None:
                raise ConfigurationError(
                    "only an embedded replica can be synchronized", hint="give url= and local_path="
                )
            self._driver.sync()  # type: ignore[attr-defined] # a replica's has it
        except Exception as error:
            translated = error if isinstance(error, PersistError) else self._driver.translate(error)
            if translated is None:
                raise
            translated.backend, translated.operation = self.backend, "sync"
            raise translated from (None if translated is error else error)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._location.place!r})"


def _driver(location: Location) -> Driver:
    """The driver for the place; only what it needs is imported."""
    if location.path is None and location.endpoint is not None:
        from .remote import RemoteDriver

        return RemoteDriver(location, location.endpoint)
    try:
        if location.endpoint is None:
            from .embedded import EmbeddedDriver

            return EmbeddedDriver(location)
        from .replica import ReplicaDriver

        return ReplicaDriver(location, location.endpoint)
    except ModuleNotFoundError as error:
        raise BackendNotInstalledError(
            f"a local file needs the driver, which cannot be imported: {error}",
            hint='pip install "libsql>=0.1.11,<0.2" (no wheels for Python 3.14 yet: it is built with Rust then), '
            "or give the url= of a server, which needs no driver",
        ) from error
