"""What a store can say about itself: server, driver, pool and schema. Data only; the stores fill it in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["PendingMigration", "SchemaStatus", "StoreHealth", "library_of"]


@dataclass(frozen=True, slots=True)
class PendingMigration:
    """A migration that ``setup`` would apply now.

    Attributes:
        version, name: as they will be recorded.
        statements: its SQL in order; one that depends on the present tables begins with a comment that says how.
    """

    version: int
    name: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """The schema of one group of tables.

    Attributes:
        component: ``"conversation"`` or ``"state"``.
        prefix: what the names of the tables begin with.
        version: the newest migration that was applied; 0 for none.
        latest: the newest that this release knows.
        pending: those in between, oldest first.
    """

    component: str
    prefix: str
    version: int
    latest: int
    pending: tuple[PendingMigration, ...]


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """A store that has just answered.

    Attributes:
        backend: canonical name.
        server: product and version (``"PostgreSQL 18.4"``), or None where it is unknown.
        driver: library and version (``"psycopg 3.2.9"``), or None.
        pool: the connections of this store, in words, or None where there are none to speak of.
        pooler: what is known of a connection pooler before the server, or None.
        schema: the tables, where there is a schema.
        warnings: what is wrong or missing without being fatal (an extension, an index), in words.
    """

    backend: str
    server: str | None = None
    driver: str | None = None
    pool: str | None = None
    pooler: str | None = None
    schema: SchemaStatus | None = None
    warnings: tuple[str, ...] = ()


def library_of(connection: Any) -> str | None:
    """The library that a connection or client belongs to, with its version; None for one of this project."""
    import sys
    from importlib.metadata import PackageNotFoundError, version

    for cls in type(connection).__mro__:
        name = cls.__module__.partition(".")[0]
        if name.startswith(("praison_persist", "_")) or name == "builtins":
            continue
        if name in sys.stdlib_module_names:
            return f"{name} of Python {'.'.join(map(str, sys.version_info[:3]))}"
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            return name
    return None
