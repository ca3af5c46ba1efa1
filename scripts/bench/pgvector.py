"""pgvector: psycopg with pgvector's own adapter against the pgvector store; no approximate index on either side."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
from pgvector import Vector
from pgvector.psycopg import register_vector

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from . import vectors
from .measure import Plan, Row
from .server import database

TABLE = "praison_vec_raw"
COLUMNS = "id, content, content_hash, created_at, metadata, embedding"
INSERT = f"INSERT INTO {TABLE} ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s)"
UPSERT = f"{INSERT} ON CONFLICT (id) DO UPDATE SET " + ", ".join(
    f"{name} = EXCLUDED.{name}" for name in COLUMNS.split(", ")[1:]
)
SEARCH = (
    "SELECT id, content, content_hash, created_at, metadata, 1 - (embedding <=> %s) AS score "
    f"FROM {TABLE}{{where}} ORDER BY embedding <=> %s LIMIT {vectors.LIMIT}"
)
# With the filter's meaning: one of several values will do, and a year may be text, on which a cast would fail.
WHERE = " WHERE (metadata @> %s OR metadata @> %s) AND metadata @? '$.year ? (@ >= 2020)'"


class Raw:
    """One connection; a table as the store makes it, a batch in one transaction."""

    def __init__(self, url: str) -> None:
        self._connection: psycopg.Connection[Any] = psycopg.connect(url, autocommit=True)
        register_vector(self._connection)

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        self._write(INSERT, documents)

    def upsert(self, documents: list[KnowledgeDocument]) -> None:
        self._write(UPSERT, documents)

    def _write(self, statement: Any, documents: list[KnowledgeDocument]) -> None:
        rows = [
            (
                document.id,
                document.content,
                document.content_hash,
                document.created_at,
                json.dumps(document.metadata),
                Vector(document.embedding or []),
            )
            for document in documents
        ]
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(statement, rows)

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        query = Vector(vector)
        where, params = (WHERE, ['{"lang": "de"}', '{"lang": ["de"]}']) if filtered else ("", [])
        sql: Any = SEARCH.format(where=where)
        rows = self._connection.execute(sql, (query, *params, query), prepare=True).fetchall()
        return [row[0] for row in rows]

    def close(self) -> None:
        self._connection.close()


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in a database of their own."""
    with database() as url, KNOWLEDGE_STORES.create("pgvector", url=url) as store:
        for name in ("raw", "ours"):
            store.create_collection(name, vectors.DIMENSION)
        raw = Raw(url)
        try:
            yield from vectors.rows(raw, vectors.Ours(store, "ours"), plan)
        finally:
            raw.close()
