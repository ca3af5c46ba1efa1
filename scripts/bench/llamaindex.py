"""LlamaIndex over embedded Qdrant: its partner's vector store against the adapter over it, and against our store.

LlamaIndex's ``add`` overwrites nodes with known ids, and is compared with upserts. It does not keep the vector as it
was, which the adapter writes beside it; an engine whose writes take next to no time hides nothing of that. It filters
in Python, condition by condition, and the adapter asks for one more: what others wrote has no tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from llama_index.core.schema import MetadataMode, TextNode
from llama_index.core.vector_stores.types import (
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
)
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument
from praison_persist_llamaindex import as_llamaindex

from . import vectors
from .measure import Plan, Row

COLLECTION = "documents"
FILTERS = MetadataFilters(
    filters=[
        MetadataFilter(key="lang", value="de"),
        MetadataFilter(key="year", value=2020, operator=FilterOperator.GTE),
    ]
)


class Native:
    """A vector store as LlamaIndex uses it."""

    def __init__(self, vector_store: Any) -> None:
        self._vector_store = vector_store

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        nodes = [
            TextNode(id_=one.id, text=one.content, embedding=one.embedding, metadata=one.metadata or {})
            for one in documents
        ]
        self._vector_store.add(nodes)

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        query = VectorStoreQuery(vector, vectors.LIMIT, filters=FILTERS if filtered else None)
        nodes = self._vector_store.query(query).nodes
        return [node.node_id for node in nodes if node.get_content(MetadataMode.NONE)]


def run(plan: Plan) -> Iterator[Row]:
    """All rows for the adapter, then for the other direction; every side has an engine of its own, in memory."""
    for direction in ("wrapped", "native"):
        raw = QdrantVectorStore(COLLECTION, QdrantClient(":memory:"), index_doc_id=False)
        if direction == "wrapped":
            mine = QdrantVectorStore(COLLECTION, QdrantClient(":memory:"), index_doc_id=False)
            with KNOWLEDGE_STORES.create("llamaindex", vector_store=mine) as store:
                store.create_collection(COLLECTION, vectors.DIMENSION)
                ours = vectors.Ours(store, COLLECTION, "upsert")
                yield from _named(direction, vectors.rows(Native(raw), ours, plan))
            mine.client.close()
        else:
            with KNOWLEDGE_STORES.create("qdrant", url=":memory:") as store:
                made = as_llamaindex(store, COLLECTION, create="cosine")
                yield from _named(direction, vectors.rows(Native(raw), Native(made), plan))
        raw.client.close()


def _named(direction: str, rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        yield replace(row, operation=f"{direction}: {row.operation.replace('insert', 'upsert')}")
