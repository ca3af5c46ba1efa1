"""Milvus Lite: pymilvus's client against the milvus store, each with a file and a process of the engine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pymilvus import DataType, MilvusClient

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from . import vectors
from .measure import Plan, Row

COLLECTION = "documents"
FILTER = 'metadata["lang"] == "de" and metadata["year"] >= 2020'


class Raw:
    """The client with typed fields and JSON metadata. Ids are looked for first: a second row would not be noticed."""

    def __init__(self, path: Path) -> None:
        self._client = MilvusClient(str(path))
        schema = MilvusClient.create_schema()
        schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=512)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=vectors.DIMENSION)
        schema.add_field("content", DataType.VARCHAR, max_length=65535)
        schema.add_field("content_hash", DataType.VARCHAR, max_length=64)
        schema.add_field("created_at", DataType.DOUBLE)
        schema.add_field("metadata", DataType.JSON)
        indexes = self._client.prepare_index_params()
        indexes.add_index("vector", index_type="FLAT", metric_type="COSINE")
        self._client.create_collection(COLLECTION, schema=schema, index_params=indexes, consistency_level="Strong")
        self._path = path

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        if self._client.query(COLLECTION, f"id in {[one.id for one in documents]}", ["id"]):
            raise ValueError("one of the ids exists")
        self._client.insert(COLLECTION, self._rows(documents))

    def upsert(self, documents: list[KnowledgeDocument]) -> None:
        self._client.upsert(COLLECTION, self._rows(documents))

    def _rows(self, documents: list[KnowledgeDocument]) -> list[dict[str, Any]]:
        return [
            {
                "id": document.id,
                "vector": document.embedding,
                "content": document.content,
                "content_hash": document.content_hash or "",
                "created_at": document.created_at,
                "metadata": document.metadata,
            }
            for document in documents
        ]

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        fields = ["content", "content_hash", "created_at", "metadata"]
        where = FILTER if filtered else ""
        hits = self._client.search(COLLECTION, [vector], where, vectors.LIMIT, fields)[0]
        return [hit["id"] for hit in hits]

    def close(self) -> None:
        """End the engine's process as well."""
        from milvus_lite.server_manager import server_manager_instance

        self._client.close()
        server_manager_instance.release_server(str(self._path))


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in a temporary directory; each side has its own."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Raw(Path(folder) / "raw.db")
        with KNOWLEDGE_STORES.create("milvus", path=str(Path(folder) / "ours.db")) as store:
            store.create_collection(COLLECTION, vectors.DIMENSION)
            yield from vectors.rows(raw, vectors.Ours(store, COLLECTION), plan)
        raw.close()
