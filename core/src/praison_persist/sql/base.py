# pyright: reportPrivateUsage=false
"""The extension point that PraisonAI's documents describe: a conversation store from a few hooks on one class.

New backends of this repository use a `Dialect` and a `Driver` instead; both run the same operations.
"""

from __future__ import annotations

import inspect
import threading
from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

from ..background import background_loop
from ..errors import ConfigurationError, PersistError, UnavailableError
from ..retry import RetryPolicy
from .dialect import POSTGRES, Dialect, Placeholder
from .driver import Driver
from .operation import Result
from .stores import SQLConversationStore
from .tables import DEFAULT_PREFIX, Tables

__all__ = ["_SQLConversationStoreBase"]

_PLACEHOLDERS: dict[str, Placeholder] = {"?": "qmark", "%s": "format", "$1": "numeric"}


class _SQLConversationStoreBase(SQLConversationStore):
    """Inherit, set what differs, and write the hooks, as functions or as coroutine functions.

    Class attributes:
        _id_type, _json_type, _float_type: column types.
        _serverless_hosts: host name endings; a URL with one of them gets longer patience.
        _dialect: everything else that differs; PostgreSQL's way by default.
        _transient_errors: the driver's exceptions after which the connection is gone and a retry makes sense.

    Args:
        url: kept for `_serverless_hosts` and handed to `_connect` with ``options``.
        table_prefix, auto_create_tables: as in the built-in stores.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`; doubled patience on serverless hosts.
        options: handed to `_connect`.
    """

    _id_type: ClassVar[str] = "VARCHAR(255)"
    _json_type: ClassVar[str] = "JSONB"
    _float_type: ClassVar[str] = "DOUBLE PRECISION"
    _serverless_hosts: ClassVar[tuple[str, ...]] = ()
    _dialect: ClassVar[Dialect] = POSTGRES
    _transient_errors: ClassVar[tuple[type[Exception], ...]] = (ConnectionError,)

    def __init__(
        self,
        url: str | None = None,
        *,
        table_prefix: str = DEFAULT_PREFIX,
        auto_create_tables: bool = True,
        max_retries: int = 3,
        retry_delay: float = 0.5,
        **options: Any,
    ) -> None:
        host = (urlsplit(url).hostname or "") if url else ""
        self._serverless = bool(self._serverless_hosts) and host.endswith(self._serverless_hosts)
        first = self._param(1)
        if first not in _PLACEHOLDERS:
            raise ConfigurationError(f"_param(1) is {first!r}", hint='return "?", "%s" or f"${n}"')
        dialect = replace(
            self._dialect,
            placeholder=_PLACEHOLDERS[first],
            id_type=self._id_type,
            json_type=self._json_type,
            float_type=self._float_type,
        )
        schema = "public" if dialect.has_schemas else None
        super().__init__(
            _HookDriver(self, dialect, {**options, "url": url} if url is not None else options),
            backend=type(self).__name__,
            tables=Tables(dialect, table_prefix, schema),
            retry=RetryPolicy(max_retries=max_retries * (2 if self._serverless else 1), retry_delay=retry_delay),
            auto_create_tables=auto_create_tables,
        )

    @abstractmethod
    def _param(self, n: int) -> str:
        """The placeholder of the n-th parameter, counted from 1: ``f"${n}"``, ``"%s"`` or ``"?"``."""

    @abstractmethod
    def _connect(self, **kwargs: Any) -> Any:
        """Called once, before the first statement: open the connection or pool."""

    @abstractmethod
    def _get_conn(self) -> Any:
        """A connection in autocommit mode."""

    @abstractmethod
    def _put_conn(self, conn: Any) -> Any:
        """Take the connection back; one that broke was closed, if it has a ``close``."""

    @abstractmethod
    def _execute(self, conn: Any, query: str, *args: Any) -> Any:
        """Run one statement; return ``(rows, rowcount)`` or a DB-API cursor."""

    def _disconnect(self) -> Any:
        """Called once by `close`: close the connection or pool."""


class _HookDriver(Driver):
    """Runs statements through the hooks of a store; hooks that are coroutines run on the background loop."""

    def __init__(self, store: _SQLConversationStoreBase, dialect: Dialect, options: dict[str, Any]) -> None:
        self._store = store
        self._options = options
        self._connected = False
        self._guard = threading.Lock()
        self.dialect = dialect

    def acquire(self) -> Any:
        with self._guard:
            if not self._connected:
                _call(self._store._connect, **self._options)
                self._connected = True
        return _call(self._store._get_conn)

    def release(self, connection: Any, *, broken: bool) -> None:
        close = getattr(connection, "close", None)
        if broken and close is not None:
            with suppress(Exception):  # it is broken; the error that broke it is the one to report
                _call(close)
        _call(self._store._put_conn, connection)

    def execute(self, connection: Any, sql: str, params: Sequence[Any]) -> Result:
        answer: Any = _call(self._store._execute, connection, sql, *params)
        if hasattr(answer, "fetchall"):
            return Result(_call(answer.fetchall) if answer.description else (), answer.rowcount)
        if isinstance(answer, tuple):
            return Result(*cast("tuple[Sequence[Sequence[Any]], int]", answer))
        raise ConfigurationError(
            f"{type(self._store).__name__}._execute returned {type(answer).__name__}",
            hint="return (rows, rowcount) or a DB-API cursor",
        )

    def translate(self, error: Exception) -> PersistError | None:
        if isinstance(error, self._store._transient_errors):
            return UnavailableError(f"{type(error).__name__}: {error}")
        return None

    def close(self) -> None:
        with self._guard:
            if self._connected:
                _call(self._store._disconnect)
                self._connected = False


def _call(hook: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The hook's value, also where the hook is a coroutine function."""
    value = hook(*args, **kwargs)
    if not inspect.isawaitable(value):
        return value

    async def wait() -> Any:
        return await value

    return background_loop().start(wait()).result()
