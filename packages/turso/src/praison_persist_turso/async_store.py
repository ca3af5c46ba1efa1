"""The asynchronous Turso store: the blocking drivers in threads, so an operation costs one hop."""

from __future__ import annotations

import asyncio

from praison_persist.retry import RetryPolicy
from praison_persist.sql import SQLITE, AsyncSQLConversationStore, Driver, Tables

from .options import TursoStore

__all__ = ["AsyncTursoConversationStore"]


class AsyncTursoConversationStore(TursoStore, AsyncSQLConversationStore):
    """Conversations in libSQL, for asyncio. Options: `TursoStore`."""

    backend = "async_turso"

    async def sync(self) -> None:
        """Bring an embedded replica up to date with its server; the event loop stands still meanwhile."""
        await asyncio.to_thread(self._synchronize)

    def _assemble(self, driver: Driver, prefix: str, retry: RetryPolicy, auto_create_tables: bool) -> None:
        AsyncSQLConversationStore.__init__(
            self,
            driver,
            backend=self.backend,
            tables=Tables(SQLITE, prefix),
            retry=retry,
            auto_create_tables=auto_create_tables,
        )
