"""The asynchronous state store over the SQL operations: a blocking driver in threads. Holds no query."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from ..health import StoreHealth
from ..retry import RetryPolicy
from ..state_engines.async_stores import AsyncEngineStateStore
from .async_driver import AsyncDriver
from .async_stores import async_runner
from .driver import Driver
from .schema import state_migrator
from .states import States
from .stores import PAGE
from .tables import Tables

__all__ = ["AsyncSQLStateStore"]


class AsyncSQLStateStore(AsyncEngineStateStore):
    """The state contract on an asynchronous driver, or in threads on a blocking one."""

    def __init__(
        self,
        driver: AsyncDriver | Driver,
        *,
        backend: str,
        tables: Tables,
        retry: RetryPolicy,
        auto_create_tables: bool = True,
    ) -> None:
        self.backend = backend
        self.table_prefix = tables.prefix
        self._states: Any = States(tables)
        self._run: Any = async_runner(backend, driver, state_migrator(tables), retry, auto_setup=auto_create_tables)

    async def health(self) -> StoreHealth:
        return await self._run.health()

    async def scan_prefix(self, prefix: str) -> AsyncIterator[str]:
        more: str | None = ""
        while more is not None:
            page, more = await self._run(self._states.page_keys(prefix, more, PAGE))
            for key in page:
                yield key
