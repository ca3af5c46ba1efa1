"""Knowledge in DuckDB: a table for each collection, searched with DuckDB's array functions. Opens nothing itself.

Filters are evaluated by core over the metadata, exactly; the search then runs over the ids that match.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
from praison_persist.filters import Filter, matches
from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import from_distance
from praison_persist.vectorsteps import VectorSteps, already_exists, collection_not_found

from .engine import Client

__all__ = ["Hooks"]

_COLUMNS = "id, content, embedding, metadata, content_hash, created_at"
_DISTANCES = {
    "cosine": "1 - array_cosine_similarity",
    "dot": "-array_inner_product",
    "euclidean": "array_distance",
}


class Hooks(VectorSteps):
    """Plain code, since DuckDB's client blocks."""

    _client: Client

    def _create(self, info: CollectionInfo) -> bool:
        with self._client.transaction() as db:
            if _shape(db, info.name):
                return False
            row = (info.name, info.dimension, info.distance, encode(info.metadata))
            db.execute("INSERT INTO collections VALUES (?, ?, ?, ?)", row)
            db.execute(
                f'CREATE TABLE "c_{_hex(info.name)}" (id VARCHAR PRIMARY KEY, content VARCHAR,'
                f" embedding FLOAT[{info.dimension}], metadata VARCHAR, content_hash VARCHAR, created_at DOUBLE)"
            )
            return True

    def _drop(self, name: str) -> bool:
        with self._client.transaction() as db:
            if not _shape(db, name):
                return False
            db.execute("DELETE FROM collections WHERE name = ?", (name,))
            db.execute(f'DROP TABLE "c_{_hex(name)}"')
            return True

    def _describe(self, name: str) -> CollectionInfo | None:
        with self._client.transaction() as db:
            return _shape(db, name)

    def _names(self) -> list[str]:
        with self._client.transaction() as db:
            return [name for (name,) in db.execute("SELECT name FROM collections").fetchall()]

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        with self._table(info) as (db, table):
            if taken := _existing(db, table, [document.id for document in documents]):
                raise already_exists(taken)
            _store(db, info, table, documents)

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        with self._table(info) as (db, table):
            _store(db, info, table, documents)

    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> list[KnowledgeDocument]:
        with self._table(info) as (db, table):
            where, params = "", [list(vector)]
            if condition is not None:
                where, params = "WHERE id IN (SELECT unnest(?))", [list(vector), _matching(db, table, condition)]
            distance = f"{_DISTANCES[info.distance]}(embedding, ?::FLOAT[{info.dimension}])"
            query = f"SELECT {_COLUMNS}, {distance} AS distance FROM {table} {where} ORDER BY distance LIMIT {limit}"
            rows = db.execute(query, params).fetchall()
        found: list[KnowledgeDocument] = []
        for *row, value in rows:
            score = from_distance(info.distance, value)
            if threshold is None or score >= threshold:
                document = _document(row)
                document.embedding, document.score = None, score
                found.append(document)
        return found

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> list[KnowledgeDocument]:
        with self._table(info) as (db, table):
            query = f"SELECT {_COLUMNS} FROM {table} WHERE id IN (SELECT unnest(?))"
            return [_document(row) for row in db.execute(query, (list(ids),)).fetchall()]

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> int:
        with self._table(info) as (db, table):
            gone = set(_matching(db, table, condition))
            gone &= gone if ids is None else set(ids)
            db.execute(f"DELETE FROM {table} WHERE id IN (SELECT unnest(?))", (list(gone),))
            return len(gone)

    def _count(self, info: CollectionInfo, condition: Filter | None) -> int:
        with self._table(info) as (db, table):
            if condition is None:
                return db.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
            return len(_matching(db, table, condition))

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> tuple[list[KnowledgeDocument], Any]:
        with self._table(info) as (db, table):
            query = f"SELECT {_COLUMNS} FROM {table} WHERE id > ? ORDER BY id LIMIT {size}"
            page = [_document(row) for row in db.execute(query, (after or "",)).fetchall()]
            found = [document for document in page if matches(condition, document.metadata)]
            return found, page[-1].id if len(page) == size else None

    def _about(self) -> Mapping[str, Any]:
        return {"server": f"DuckDB {duckdb.__version__}", "driver": f"duckdb {duckdb.__version__}"}

    def _close(self) -> None:
        self._client.close()

    # -- inside --------------------------------------------------------------------------------------------------

    @contextmanager
    def _table(self, info: CollectionInfo) -> Generator[tuple[Any, str]]:
        """The collection's table; others may have deleted it, or created another of its name, meanwhile."""
        with self._client.transaction() as db:
            if _shape(db, info.name) != info:
                raise collection_not_found(info.name)
            yield db, f'"c_{_hex(info.name)}"'


def _shape(db: Any, name: str) -> CollectionInfo | None:
    row = db.execute("SELECT name, dimension, distance, metadata FROM collections WHERE name = ?", (name,)).fetchone()
    if row is None:
        return None
    found, dimension, distance, metadata = row
    return CollectionInfo(found, dimension, distance, decode(metadata))


def _existing(db: Any, table: str, ids: list[str]) -> list[str]:
    return [id_ for (id_,) in db.execute(f"SELECT id FROM {table} WHERE id IN (SELECT unnest(?))", (ids,)).fetchall()]


def _matching(db: Any, table: str, condition: Filter | None) -> list[str]:
    rows = db.execute(f"SELECT id, metadata FROM {table}").fetchall()
    return [id_ for id_, metadata in rows if matches(condition, decode(metadata))]


def _store(db: Any, info: CollectionInfo, table: str, documents: Sequence[KnowledgeDocument]) -> None:
    columns = (
        ("VARCHAR", [d.id for d in documents]),
        ("VARCHAR", [encode_text(d.content) for d in documents]),
        (f"FLOAT[{info.dimension}]", [d.embedding for d in documents]),
        ("VARCHAR", [encode(d.metadata) for d in documents]),
        ("VARCHAR", [d.content_hash for d in documents]),
        ("DOUBLE", [d.created_at for d in documents]),
    )  # as columns, since executemany takes DuckDB milliseconds for each row
    values = ", ".join(f"unnest(?::{type_}[])" for type_, _ in columns)
    db.execute(f"INSERT OR REPLACE INTO {table} SELECT {values}", [values for _, values in columns])


def _document(row: Sequence[Any]) -> KnowledgeDocument:
    id_, content, embedding, metadata, content_hash, created_at = row
    text = str(decode_text(content))
    return KnowledgeDocument(id_, text, list(embedding), decode(metadata), content_hash, created_at)


def _hex(name: str) -> str:
    """DuckDB's table names ignore case, those of collections do not."""
    return name.encode().hex()
