"""Qdrant, embedded, on disk: qdrant-client against the qdrant store."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from qdrant_client import QdrantClient, models

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from . import vectors
from .measure import Plan, Row

COLLECTION = "documents"
FILTER = models.Filter(
    must=[
        models.FieldCondition(key="metadata.lang", match=models.MatchValue(value="de")),
        models.FieldCondition(key="metadata.year", range=models.Range(gte=2020)),
    ]
)


class Raw:
    """The client with point ids derived from document ids; existing ones are looked for first."""

    def __init__(self, folder: Path) -> None:
        self._client = QdrantClient(path=str(folder))
        self._client.create_collection(
            COLLECTION, models.VectorParams(size=vectors.DIMENSION, distance=models.Distance.COSINE)
        )
        self.close = self._client.close

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        if self._client.retrieve(COLLECTION, [_point_id(one.id) for one in documents], with_payload=False):
            raise ValueError("one of the ids exists")
        self.upsert(documents)

    def upsert(self, documents: list[KnowledgeDocument]) -> None:
        points = [
            models.PointStruct(
                id=_point_id(document.id),
                vector=document.embedding or [],
                payload={
                    "doc_id": document.id,
                    "content": document.content,
                    "content_hash": document.content_hash,
                    "created_at": document.created_at,
                    "metadata": document.metadata,
                },
            )
            for document in documents
        ]
        self._client.upsert(COLLECTION, points)

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        found = self._client.query_points(
            COLLECTION, vector, limit=vectors.LIMIT, query_filter=FILTER if filtered else None, with_payload=True
        )
        return [(point.payload or {})["doc_id"] for point in found.points]


def _point_id(id_: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, id_))


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in a temporary directory; each side has its own."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Raw(Path(folder) / "raw")
        with KNOWLEDGE_STORES.create("qdrant", path=str(Path(folder) / "ours")) as store:
            store.create_collection(COLLECTION, vectors.DIMENSION)
            yield from vectors.rows(raw, vectors.Ours(store, COLLECTION), plan)
        raw.close()
