"""Pinecone: its client against the pinecone store, in indexes of one project."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from pinecone import Pinecone

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from . import vectors
from .measure import Plan, Row
from .server import running

COLLECTION = "documents"
RAW = "raw-documents"
FILTER = {"lang": {"$eq": "de"}, "year": {"$gte": 2020}}


class Raw:
    """The client as its manual shows it: ids that exist are refused, and an insert waits until queries see it."""

    def __init__(self, client: Pinecone) -> None:
        vector = {"type": "dense_vector", "dimension": vectors.DIMENSION, "metric": "cosine"}
        client.indexes.create(
            name=RAW,
            schema={"fields": {"_values": vector}},
            deployment={"deployment_type": "managed", "cloud": "aws", "region": "us-east-1"},
        )
        self._index: Any = client.index(RAW)

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        if self._index.fetch(ids=[one.id for one in documents]).vectors:
            raise ValueError("one of the ids exists")
        written = self._index.upsert(
            vectors=[
                {
                    "id": one.id,
                    "values": one.embedding,
                    "metadata": {"content": one.content, "created_at": one.created_at, **(one.metadata or {})},
                }
                for one in documents
            ]
        ).response_info.lsn_committed
        while not self._index.query(vector=documents[0].embedding, top_k=1).response_info.is_reconciled(written):
            time.sleep(0.02)

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        found = self._index.query(
            vector=vector, top_k=vectors.LIMIT, filter=FILTER if filtered else None, include_metadata=True
        )
        return [one.id for one in found.matches]


def run(plan: Plan) -> Iterator[Row]:
    """All rows, on a service that both sides use."""
    with running("pinecone") as url:
        key, _, place = url.removeprefix("http://").rpartition("@")
        with (
            Pinecone(api_key=key, host=f"http://{place}") as client,
            KNOWLEDGE_STORES.create("pinecone", url=url) as store,
        ):
            raw = Raw(client)
            try:
                store.create_collection(COLLECTION, vectors.DIMENSION)
                yield from vectors.rows(raw, vectors.Ours(store, COLLECTION), plan)
            finally:
                client.indexes.delete(RAW)
                store.delete_collection(COLLECTION)
