"""The blocking PostgreSQL stores: which driver runs the SQL base."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.sql import SQLConversationStore, SQLStateStore, Tables

from .driver import PsycopgDriver
from .options import PostgresStore
from .settings import Settings

__all__ = ["PostgresConversationStore", "PostgresStateStore"]


class PostgresConversationStore(PostgresStore, SQLConversationStore):
    """Conversations in PostgreSQL 12 or newer; PraisonAI's tables open and migrate. Options: `PostgresStore`."""

    backend = "postgres"

    def _assemble(self, settings: Settings, prefix: str, retry: RetryPolicy, auto_create_tables: bool) -> None:
        SQLConversationStore.__init__(
            self,
            PsycopgDriver(settings),
            backend=self.backend,
            tables=Tables(settings.dialect, prefix, settings.schema),
            retry=retry,
            auto_create_tables=auto_create_tables,
        )


class PostgresStateStore(PostgresStore, SQLStateStore):
    """Values and hashes in PostgreSQL 12 or newer. Options: `PostgresStore`."""

    backend = "postgres"

    def _assemble(self, settings: Settings, prefix: str, retry: RetryPolicy, auto_create_tables: bool) -> None:
        SQLStateStore.__init__(
            self,
            PsycopgDriver(settings),
            backend=self.backend,
            tables=Tables(settings.dialect, prefix, settings.schema),
            retry=retry,
            auto_create_tables=auto_create_tables,
        )
