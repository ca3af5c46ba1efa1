"""Collections as tables: DDL, and the registry of which table is which collection. Operations only, no documents.

A table is made for one collection and never for another: its name ends in random digits. So who knew a collection that
was deleted, and perhaps created anew, finds no table; and tables that PraisonAI made are left alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from singlestoredb.exceptions import Error, IntegrityError

from praison_persist.jsontext import decode, encode
from praison_persist.knowledge import CollectionInfo
from praison_persist.scores import validate_distance
from praison_persist.sql.operation import Statement, Steps, operation

__all__ = ["LAYOUT", "Collections"]

LAYOUT = "SHARD KEY ({0}), SORT KEY ({0}), PRIMARY KEY ({0}) USING HASH"
"""Keys of every table, by the column that identifies a row; unique keys must hold the shard key."""

_TEXT = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
_REGISTRY = (
    f"name VARCHAR(63) {_TEXT} NOT NULL, place VARCHAR(64) {_TEXT} NOT NULL, dimension INT NOT NULL,"
    f" distance VARCHAR(16) {_TEXT} NOT NULL, metadata LONGTEXT {_TEXT}"
)
# Ids are bytes, since texts that differ in spaces at the end are equal in some collations.
_DOCUMENTS = (
    f"id VARBINARY(2048) NOT NULL, content LONGTEXT {_TEXT} NOT NULL, content_hash VARCHAR(255) {_TEXT},"
    f" created_at DOUBLE NOT NULL, metadata LONGTEXT {_TEXT}, tokens LONGTEXT {_TEXT} NOT NULL,"
    " embedding LONGBLOB NOT NULL, length DOUBLE NOT NULL"
)
_LONGEST = 64  # characters of a table's name
_NO_TABLE = 1146


class Collections:
    """The collections of one prefix.

    Args:
        prefix: start of the tables' names, checked.
        layout: `LAYOUT`, or what takes its place.
    """

    def __init__(self, prefix: str, layout: str) -> None:
        self._prefix = prefix
        self._registry = f"`{prefix}vector_collections`"
        self._registry_layout = f"({_REGISTRY}, {layout.format('name')})"
        self._documents_layout = f"({_DOCUMENTS}, {layout.format('id')})"

    @operation()
    def setup(self) -> Steps[None]:
        """Create the registry where it is missing."""
        yield self._create_registry()

    @operation(idempotent=False)
    def create(self, info: CollectionInfo) -> Steps[bool]:
        """Create the table, then register it; False where the name is taken, which the registry's key decides."""
        yield self._create_registry()
        if (yield Statement(f"SELECT 1 FROM {self._registry} WHERE name = %s", (info.name,))).rows:
            return False
        suffix = f"_{secrets.token_hex(6)}"
        place = f"{self._prefix}{info.name}"[: _LONGEST - len(suffix)] + suffix
        kept = None if info.metadata is None else encode(info.metadata, "collection metadata")
        yield Statement(f"CREATE TABLE `{place}` {self._documents_layout}")
        try:
            yield Statement(
                f"INSERT INTO {self._registry} (name, place, dimension, distance, metadata)"
                " VALUES (%s, %s, %s, %s, %s)",
                (info.name, place, info.dimension, info.distance, kept),
            )
        except IntegrityError:
            yield Statement(f"DROP TABLE `{place}`")
            return False
        return True

    @operation(idempotent=False)
    def drop(self, name: str) -> Steps[bool]:
        """Forget the collection, then drop its table; False where there is none."""
        found = yield from self._find("place", name)
        if not found:
            return False
        place = found[0][0]
        deleted = yield Statement(f"DELETE FROM {self._registry} WHERE name = %s AND place = %s", (name, place))
        if not deleted.rowcount:
            return False
        yield Statement(f"DROP TABLE IF EXISTS `{place}`")
        return True

    @operation()
    def describe(self, name: str) -> Steps[tuple[CollectionInfo, str] | None]:
        """The collection and its quoted table, or None where there is none."""
        found = yield from self._find("place, dimension, distance, metadata", name)
        if not found:
            return None
        place, dimension, distance, metadata = found[0]
        kept = None if metadata is None else decode(metadata, "collection metadata")
        return CollectionInfo(name, dimension, validate_distance(distance), kept), f"`{place}`"

    @operation()
    def names(self) -> Steps[list[str]]:
        """All collections."""
        return [row[0] for row in (yield from self._find("name"))]

    def _create_registry(self) -> Statement:
        return Statement(f"CREATE TABLE IF NOT EXISTS {self._registry} {self._registry_layout}")

    def _find(self, columns: str, name: str | None = None) -> Steps[Sequence[Sequence[Any]]]:
        """Rows of the registry; none where it is missing."""
        where, params = ("", ()) if name is None else (" WHERE name = %s", (name,))
        try:
            return (yield Statement(f"SELECT {columns} FROM {self._registry}{where}", params)).rows
        except Error as error:
            if error.errno != _NO_TABLE:
                raise
            return ()
