"""Statements on one collection's table. Text only; names are checked identifiers, values are bound."""

from __future__ import annotations

from collections.abc import Sequence

from praison_persist.knowledge import CollectionInfo

from .convert import COLUMNS, FUNCTIONS

__all__ = ["Queries"]


class Queries:
    """The CQL of a collection.

    Args:
        table: the table's name.
        info: the collection.
        foreign: the table is PraisonAI's, without what this package adds.
    """

    def __init__(self, table: str, info: CollectionInfo, *, foreign: bool) -> None:
        self._table = f'"{table}"'
        self.foreign = foreign
        self.function = FUNCTIONS[info.distance]
        # Cassandra has no cosine index for numbers alone.
        self.indexed = info.dimension > 1 or info.distance != "cosine"
        self._light = "id, content, content_hash, created_at" + ("" if foreign else ", metadata")
        self._whole = f"{self._light}, embedding" + ("" if foreign else ", norm")
        self._keys = "id" if foreign else "id, metadata"
        columns = ", ".join(COLUMNS)
        self.upsert = f"INSERT INTO {self._table} ({columns}) VALUES ({', '.join('?' for _ in COLUMNS)})"
        self.insert = f"{self.upsert} IF NOT EXISTS"
        self.take_back = f"DELETE FROM {self._table} WHERE id = ? IF write = ?"
        self.delete = f"DELETE FROM {self._table} WHERE id = ? IF EXISTS"

    def create(self, dimension: int, comment: str) -> str:
        """The table of a new collection."""
        quoted = comment.replace("'", "''")
        return (
            f"CREATE TABLE {self._table} (id text PRIMARY KEY, content text, content_hash text, created_at double, "
            f"embedding vector<float, {dimension}>, metadata text, terms set<text>, norm double, write text) "
            f"WITH comment = '{quoted}'"
        )

    def indexes(self, options: dict[str, int]) -> list[str]:
        """What the table needs beside it."""
        found = [f"CREATE CUSTOM INDEX IF NOT EXISTS ON {self._table} (VALUES(terms)) USING 'StorageAttachedIndex'"]
        if self.indexed:
            given = {"similarity_function": self.function, **options}
            text = ", ".join(f"'{name}': '{value}'" for name, value in given.items())
            found.append(
                f"CREATE CUSTOM INDEX IF NOT EXISTS ON {self._table} (embedding) USING 'StorageAttachedIndex' "
                f"WITH OPTIONS = {{{text}}}"
            )
        return found

    def rows(self, ids: int, *, whole: bool) -> str:
        """The rows of that many ids."""
        columns = self._whole if whole else self._light
        return f"SELECT {columns} FROM {self._table} WHERE id IN ({', '.join('?' for _ in range(ids))})"

    def scan(self, terms: Sequence[str], *, whole: bool = False) -> str:
        """All rows with these terms: whole, or what tells whether they match."""
        return f"SELECT {self._whole if whole else self._keys} FROM {self._table}{_where(terms)}"

    def count(self, terms: Sequence[str]) -> str:
        """How many rows have these terms."""
        return f"SELECT COUNT(*) AS number FROM {self._table}{_where(terms)}"

    def compare(self, terms: Sequence[str]) -> str:
        """As `scan`, with the similarity to a vector, which is the first value."""
        similarity = f"similarity_{self.function.lower()}(embedding, ?) AS similarity"
        return f"SELECT {self._keys}, {similarity} FROM {self._table}{_where(terms)}"

    def nearest(self, terms: Sequence[str], *, light: bool) -> str:
        """The rows nearest to a vector by the index; values: vector, terms, vector, limit."""
        similarity = f"similarity_{self.function.lower()}(embedding, ?) AS similarity"
        columns = self._light if light else self._keys
        return f"SELECT {columns}, {similarity} FROM {self._table}{_where(terms)} ORDER BY embedding ANN OF ? LIMIT ?"


def _where(terms: Sequence[str]) -> str:
    return " WHERE " + " AND ".join("terms CONTAINS ?" for _ in terms) if terms else ""
