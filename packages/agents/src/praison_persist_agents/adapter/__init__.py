"""The database adapter of agents: `db` makes one. Exports only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .asynchronous import AsyncPersistDb
    from .database import PersistDb
    from .factory import db
    from .settings import AdapterSettings

__all__ = ["AdapterSettings", "AsyncPersistDb", "PersistDb", "db"]

__getattr__ = lazy_exports(
    __name__,
    {
        "AdapterSettings": "settings",
        "AsyncPersistDb": "asynchronous",
        "PersistDb": "database",
        "db": "factory",
    },
)
