"""The state store: its options, and which engine keeps the records."""

from __future__ import annotations

import sys

from praison_persist.errors import ConfigurationError, PersistError
from praison_persist.retry import RetryPolicy
from praison_persist.state_engines import EngineStateStore, RecordStates

from .settings import Settings

__all__ = ["DynamoDBStateStore"]


class DynamoDBStateStore(EngineStateStore):
    """Values and hashes in one table of Amazon DynamoDB, an item for each key.

    Args:
        url: ``dynamodb://table?region=eu-central-1&endpoint_url=http://host:port``; the arguments have precedence.
        table_name: of the table; ``praisonai_state`` where nothing names one.
        region: of AWS; else ``AWS_REGION``, then ``us-east-1``.
        endpoint_url: another endpoint than AWS's own.
        auto_create_table: make the table, paid per request, and switch its expiry on, before the first call.
        prefix: what the name of every key starts with; a store sees only keys below its prefix.
        pool_size: most calls at a time; more wait up to ``timeout``.
        timeout: seconds to wait for an answer.
        connect_timeout: seconds to wait for a connection.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`; throttled calls are repeated likewise.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    backend = "dynamodb"

    def __init__(
        self,
        url: str | None = None,
        *,
        table_name: str | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        auto_create_table: bool = True,
        prefix: str = "",
        pool_size: int = 10,
        timeout: float = 5.0,
        connect_timeout: float = 3.0,
        max_retries: int = 5,
        retry_delay: float = 0.1,
    ) -> None:
        try:
            if not isinstance(prefix, str) or "\x00" in prefix or "\x1f" in prefix:
                raise ConfigurationError("prefix must be text without NUL and U+001F")
            settings = self._settings = Settings.of(
                url,
                table_name=table_name,
                region=region,
                endpoint_url=endpoint_url,
                auto_create_table=auto_create_table,
                pool_size=pool_size,
                timeout=timeout,
                connect_timeout=connect_timeout,
            )
            retry = RetryPolicy(max_retries=max_retries, retry_delay=retry_delay, deadline=settings.timeout)
            from .engine import DynamoDBEngine  # a wrong option needs no client

            # The engine divides a batch itself, once it knows that each record is small enough.
            states = RecordStates(prefix, load_batch=sys.maxsize, save_batch=sys.maxsize)
            super().__init__(
                DynamoDBEngine(settings), states, backend=self.backend, retry=retry, auto_setup=settings.create
            )
        except PersistError as error:
            error.backend = self.backend
            raise

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.table!r}, {self._settings.endpoint or self._settings.region!r})"
