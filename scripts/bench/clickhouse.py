"""ClickHouse in this process (chDB), on disk: clickhouse-connect against the clickhouse store."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator

import clickhouse_connect

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from . import vectors
from .measure import Plan, Row

COLUMNS = ["id", "content", "content_hash", "created_at", "metadata", "vector"]
TYPES = ["String", "String", "Nullable(String)", "Float64", "String", "Array(Float32)"]
FILTER = (
    "WHERE JSONExtractString(metadata, 'lang') = {lang:String} AND JSONExtractInt(metadata, 'year') >= {year:Int32} "
)


class Raw:
    """The client over a table of the same engine; existing ids would be replaced, so they are looked for first."""

    def __init__(self, path: str) -> None:
        self._client = clickhouse_connect.get_client(interface="chdb", path=path)
        columns = ", ".join(f"{name} {type_}" for name, type_ in zip(COLUMNS, TYPES, strict=True))
        self._client.command(f"CREATE TABLE raw ({columns}) ENGINE = ReplacingMergeTree ORDER BY id")
        self.close = self._client.close

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        ids = {"ids": [one.id for one in documents]}
        if self._client.query("SELECT id FROM raw WHERE id IN {ids:Array(String)}", parameters=ids).result_rows:
            raise ValueError("one of the ids exists")
        self.upsert(documents)

    def upsert(self, documents: list[KnowledgeDocument]) -> None:
        rows = [
            [one.id, one.content, one.content_hash, one.created_at, json.dumps(one.metadata), one.embedding]
            for one in documents
        ]
        self._client.insert("raw", rows, column_names=COLUMNS, column_type_names=TYPES)

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        found = self._client.query(
            "SELECT id, content, content_hash, created_at, metadata, "
            "cosineDistance(vector, {query:Array(Float32)}) AS distance FROM raw FINAL "
            f"{FILTER if filtered else ''}ORDER BY distance LIMIT {vectors.LIMIT}",
            parameters={"query": vector, "lang": "de", "year": 2020},
        )
        return [row[0] for row in found.result_rows]


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in a temporary directory, which both sides share since a process has one engine."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Raw(folder)
        with KNOWLEDGE_STORES.create("clickhouse", path=folder) as store:
            store.create_collection("documents", vectors.DIMENSION)
            yield from vectors.rows(raw, vectors.Ours(store, "documents"), plan)
        raw.close()
