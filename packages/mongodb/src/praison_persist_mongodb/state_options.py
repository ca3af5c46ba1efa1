"""The options that the state stores of this package share, in one constructor."""

from __future__ import annotations

import sys
from abc import abstractmethod

from praison_persist.errors import ConfigurationError, PersistError
from praison_persist.retry import RetryPolicy
from praison_persist.state_engines import RecordStates
from praison_persist.validation import check_bool

from .settings import Settings

__all__ = ["MongoDBState"]


class MongoDBState:
    """What `MongoDBStateStore` and `AsyncMongoDBStateStore` are given.

    Args:
        url: ``mongodb://user:password@host:27017/database`` or ``mongodb+srv://…``, with any of PyMongo's parameters,
            which have precedence over the options here.
        database: else the one in the URL's path, else ``praisonai``.
        collection: its name.
        auto_create_index: make the TTL index by which MongoDB deletes what has expired, before the first call.
        prefix: what the name of every key starts with; a store sees only keys below its prefix.
        tls, tls_ca_file, tls_certificate_key_file: as PyMongo's options of these names.
        pool_size: most connections to each server; more callers wait up to ``timeout``.
        timeout: seconds for one request as a whole, the search for a server that takes it included.
        connect_timeout: seconds to connect to one server.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    backend: str

    def __init__(
        self,
        url: str | None = None,
        *,
        database: str | None = None,
        collection: str = "state",
        auto_create_index: bool = True,
        prefix: str = "",
        tls: bool | None = None,
        tls_ca_file: str | None = None,
        tls_certificate_key_file: str | None = None,
        pool_size: int = 10,
        timeout: float = 4.0,
        connect_timeout: float = 3.0,
        max_retries: int = 3,
        retry_delay: float = 0.1,
    ) -> None:
        try:
            if not isinstance(prefix, str) or "\x00" in prefix or "\x1f" in prefix:
                raise ConfigurationError("prefix must be text without NUL and U+001F")
            if not isinstance(collection, str) or not collection or set(collection) & {"$", "\x00"}:
                raise ConfigurationError(f"{collection!r} is no name of a collection")
            settings = self._settings = Settings.of(
                url,
                database=database,
                tls=tls,
                tls_ca_file=tls_ca_file,
                tls_certificate_key_file=tls_certificate_key_file,
                pool_size=pool_size,
                timeout=timeout,
                connect_timeout=connect_timeout,
            )
            self._collection = collection
            retry = RetryPolicy(max_retries=max_retries, retry_delay=retry_delay, deadline=settings.timeout)
            # The engine divides a batch itself, once it knows that each record is small enough.
            states = RecordStates(prefix, load_batch=sys.maxsize, save_batch=sys.maxsize)
            self._assemble(states, retry, check_bool(auto_create_index, "auto_create_index"))
        except PersistError as error:
            error.backend = self.backend
            raise

    @abstractmethod
    def _assemble(self, states: RecordStates, retry: RetryPolicy, auto_setup: bool) -> None:
        """Build the store; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.place!r}, collection={self._collection!r})"
