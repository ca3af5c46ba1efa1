"""The blocking MySQL store: which driver runs the SQL base."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.sql import SQLConversationStore, Tables

from .driver import PyMySQLDriver
from .options import MySQLStore
from .settings import Settings

__all__ = ["MySQLConversationStore"]


class MySQLConversationStore(MySQLStore, SQLConversationStore):
    """Conversations in MySQL 8.0.17, MariaDB 10.2 or newer; PraisonAI's tables migrate. Options: `MySQLStore`."""

    backend = "mysql"

    def _assemble(self, settings: Settings, prefix: str, retry: RetryPolicy, auto_create_tables: bool) -> None:
        SQLConversationStore.__init__(
            self,
            PyMySQLDriver(settings),
            backend=self.backend,
            tables=Tables(settings.dialect, prefix),
            retry=retry,
            auto_create_tables=auto_create_tables,
        )
