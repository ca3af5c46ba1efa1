"""The blocking Turso stores: the SQL base on a file, on a server, or on both."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.sql import SQLITE, Driver, SQLConversationStore, SQLStateStore, Tables

from .options import TursoStore

__all__ = ["TursoConversationStore", "TursoStateStore"]


class TursoConversationStore(TursoStore, SQLConversationStore):
    """Conversations in libSQL; PraisonAI's databases open and migrate. Options: `TursoStore`."""

    backend = "turso"

    def sync(self) -> None:
        """Bring an embedded replica up to date with its server."""
        self._synchronize()

    def _assemble(self, driver: Driver, prefix: str, retry: RetryPolicy, auto_create_tables: bool) -> None:
        SQLConversationStore.__init__(
            self,
            driver,
            backend=self.backend,
            tables=Tables(SQLITE, prefix),
            retry=retry,
            auto_create_tables=auto_create_tables,
        )


class TursoStateStore(TursoStore, SQLStateStore):
    """Values and hashes in libSQL. Options: `TursoStore`."""

    backend = "turso"

    def sync(self) -> None:
        """Bring an embedded replica up to date with its server."""
        self._synchronize()

    def _assemble(self, driver: Driver, prefix: str, retry: RetryPolicy, auto_create_tables: bool) -> None:
        SQLStateStore.__init__(
            self,
            driver,
            backend=self.backend,
            tables=Tables(SQLITE, prefix),
            retry=retry,
            auto_create_tables=auto_create_tables,
        )
