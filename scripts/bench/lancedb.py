"""LanceDB, embedded, on disk: lancedb's client against the lancedb store."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import lancedb
import pyarrow as pa
from lancedb.query import LanceVectorQueryBuilder

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from . import vectors
from .measure import Plan, Row

COLLECTION = "documents"
FILTER = "json_exists(metadata, '$.lang ? (@ == \"de\")') AND json_exists(metadata, '$.year ? (@ >= 2020)')"


class Raw:
    """The blocking client with its binary JSON for metadata; `add` would store an id twice, so both merge.

    A merge that finds one of many ids stores the others all the same, so they are looked for first: all or none. Small
    files are joined now and then, as LanceDB advises and the store does, or a look for ids would open all of them.
    Every read sees what other processes have written, as the store's do; by default a handle never looks.
    """

    def __init__(self, folder: Path) -> None:
        self._schema = pa.schema(
            [
                pa.field("id", pa.string()),
                pa.field("content", pa.string()),
                pa.field("content_hash", pa.string()),
                pa.field("created_at", pa.float64()),
                pa.field("metadata", pa.json_()),
                pa.field("vector", pa.list_(pa.float32(), vectors.DIMENSION)),
            ]
        )
        connection = lancedb.connect(folder, read_consistency_interval=timedelta(0))
        self._table = connection.create_table(COLLECTION, schema=self._schema)
        self._writes = 0

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        ids = ", ".join(f"'{one.id}'" for one in documents)
        if len(documents) > 1 and self._table.count_rows(f"id IN ({ids})"):
            raise ValueError("one of the ids exists")
        result = self._table.merge_insert("id").when_not_matched_insert_all().execute(self._rows(documents))
        if result.num_inserted_rows < len(documents):
            raise ValueError("one of the ids exists")
        self._written()

    def upsert(self, documents: list[KnowledgeDocument]) -> None:
        merge = self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
        merge.execute(self._rows(documents))
        self._written()

    def _written(self) -> None:
        self._writes += 1
        if self._writes % 100 == 0:
            self._table.optimize()

    def _rows(self, documents: list[KnowledgeDocument]) -> pa.Table:
        texts = pa.array([json.dumps(one.metadata) for one in documents], pa.string())
        numbers = pa.array([number for one in documents for number in one.embedding or ()], pa.float32())
        columns = [
            pa.array([one.id for one in documents]),
            pa.array([one.content for one in documents]),
            pa.array([one.content_hash for one in documents], pa.string()),
            pa.array([one.created_at for one in documents], pa.float64()),
            pa.ExtensionArray.from_storage(pa.json_(), texts),
            pa.FixedSizeListArray.from_arrays(numbers, vectors.DIMENSION),
        ]
        return pa.Table.from_arrays(columns, schema=self._schema)

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        query = self._table.search(vector, vector_column_name="vector", query_type="vector")
        assert isinstance(query, LanceVectorQueryBuilder)
        query = query.distance_type("cosine").limit(vectors.LIMIT)
        if filtered:
            query = query.where(FILTER, prefilter=True)
        return [
            row["id"]
            for row in query.select(["id", "content", "content_hash", "created_at", "metadata", "_distance"]).to_list()
        ]


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in a temporary directory; each side has its own."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Raw(Path(folder) / "raw")
        with KNOWLEDGE_STORES.create("lancedb", path=str(Path(folder) / "ours")) as store:
            store.create_collection(COLLECTION, vectors.DIMENSION)
            yield from vectors.rows(raw, vectors.Ours(store, COLLECTION), plan)
