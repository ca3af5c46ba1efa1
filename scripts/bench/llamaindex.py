"""LlamaIndex over embedded Qdrant on disk: the vector store of its partner, the adapter over it, and our store.

LlamaIndex's ``add`` overwrites nodes with known ids: the raw side of the adapter, whose inserts refuse those, looks for
them first; in the other direction both sides overwrite. The adapter writes the exact document and its vector beside the
node, which LlamaIndex does not. Embedded Qdrant filters in Python, condition by condition, and the adapter asks for one
more: what others wrote has no facets.
"""

from __future__ import annotations

import tempfile
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
from qdrant_client import QdrantClient, models

from praison_persist import KNOWLEDGE_STORES, AlreadyExistsError, KnowledgeDocument
from praison_persist_llamaindex import as_llamaindex

from . import vectors
from .measure import Plan, Row

COLLECTION = "documents"
SIZE = models.VectorParams(size=vectors.DIMENSION, distance=models.Distance.COSINE)
FILTERS = MetadataFilters(
    filters=[
        MetadataFilter(key="lang", value="de"),
        MetadataFilter(key="year", value=2020, operator=FilterOperator.GTE),
    ]
)


class Native:
    """A vector store as LlamaIndex uses it."""

    def __init__(self, vector_store: Any) -> None:
        self.vector_store = vector_store

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        nodes = [
            TextNode(id_=one.id, text=one.content, embedding=one.embedding, metadata=one.metadata or {})
            for one in documents
        ]
        self.vector_store.add(nodes)

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        query = VectorStoreQuery(vector, vectors.LIMIT, filters=FILTERS if filtered else None)
        nodes = self.vector_store.query(query).nodes
        return [node.node_id for node in nodes if node.get_content(MetadataMode.NONE)]


class Refusing(Native):
    """One of Qdrant whose inserts refuse ids that are taken."""

    upsert = Native.insert

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        if self.vector_store.client.retrieve(COLLECTION, [one.id for one in documents]):
            raise AlreadyExistsError("an id is taken")
        self.upsert(documents)


def run(plan: Plan) -> Iterator[Row]:
    """All rows for the adapter, then for the other direction; every side has an engine of its own."""
    with tempfile.TemporaryDirectory() as folder:
        raw, mine = _qdrant(f"{folder}/1"), _qdrant(f"{folder}/2")
        with KNOWLEDGE_STORES.create("llamaindex", vector_store=mine) as store:
            store.create_collection(COLLECTION, vectors.DIMENSION)
            yield from _named("wrapped", vectors.rows(Refusing(raw), vectors.Ours(store, COLLECTION), plan))
        mine.client.close()
        raw.client.close()
        raw = _qdrant(f"{folder}/3")
        with KNOWLEDGE_STORES.create("qdrant", path=f"{folder}/4") as store:
            made = as_llamaindex(store, COLLECTION, create="cosine")
            yield from _named("native", vectors.rows(Native(raw), Native(made), plan))
        raw.client.close()


def _qdrant(path: str) -> QdrantVectorStore:
    client = QdrantClient(path=path)
    client.create_collection(COLLECTION, SIZE)
    return QdrantVectorStore(COLLECTION, client, index_doc_id=False)


def _named(direction: str, rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        yield replace(row, operation=f"{direction}: {row.operation}")
