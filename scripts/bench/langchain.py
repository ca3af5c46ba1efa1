"""LangChain over embedded Qdrant: its partner's vector store against the adapter over it, and against our store.

LangChain's ``add_documents`` overwrites documents with known ids, and is compared with upserts. It does not keep the
vector as it was, which the adapter writes beside it; an engine in memory hides nothing of that. Vectors are ready on
both sides: what an embedding model takes would hide all else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from langchain_core.documents import Document
from langchain_qdrant import QdrantVectorStore
from qdrant_client import QdrantClient, models

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument
from praison_persist_langchain import GivenVectors, as_langchain

from . import vectors
from .measure import Plan, Row

COLLECTION = "documents"
FILTER = models.Filter(
    must=[
        models.FieldCondition(key="metadata.lang", match=models.MatchValue(value="de")),
        models.FieldCondition(key="metadata.year", range=models.Range(gte=2020)),
    ]
)


class Native:
    """A vector store as LangChain uses it, with a filter in its own words."""

    def __init__(self, vectorstore: Any, given: GivenVectors, condition: Any) -> None:
        self._vectorstore = vectorstore
        self._given = given
        self._condition = condition

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        mine = [Document(id=one.id, page_content=one.content, metadata=one.metadata or {}) for one in documents]
        with self._given.handed([one.content for one in documents], [one.embedding or [] for one in documents]):
            self._vectorstore.add_documents(mine)

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        with self._given.handed(["query"], [vector]):
            condition = self._condition if filtered else None
            found = self._vectorstore.similarity_search_with_score("query", vectors.LIMIT, filter=condition)
        return [document.id or document.metadata["_id"] for document, _ in found if document.page_content]


def run(plan: Plan) -> Iterator[Row]:
    """All rows for the adapter, then for the other direction; every side has an engine of its own, in memory."""
    for direction in ("wrapped", "native"):
        client, raw = _qdrant()
        if direction == "wrapped":
            mine, _ = _qdrant()
            wrapped = QdrantVectorStore(mine, COLLECTION, GivenVectors(), validate_collection_config=False)
            with KNOWLEDGE_STORES.create("langchain", vectorstore=wrapped) as store:
                store.create_collection(COLLECTION, vectors.DIMENSION)
                ours = vectors.Ours(store, COLLECTION, "upsert")
                yield from _named(direction, vectors.rows(raw, ours, plan))
            mine.close()
        else:
            with KNOWLEDGE_STORES.create("qdrant", url=":memory:") as store:
                store.create_collection(COLLECTION, vectors.DIMENSION)
                given = GivenVectors()
                made = Native(as_langchain(store, COLLECTION, given), given, vectors.FILTER)
                yield from _named(direction, vectors.rows(raw, made, plan))
        client.close()


def _qdrant() -> tuple[QdrantClient, Native]:
    client = QdrantClient(":memory:")
    size = models.VectorParams(size=vectors.DIMENSION, distance=models.Distance.COSINE)
    client.create_collection(COLLECTION, vectors_config=size)
    given = GivenVectors()
    vectorstore = QdrantVectorStore(client, COLLECTION, given, validate_collection_config=False)
    return client, Native(vectorstore, given, FILTER)


def _named(direction: str, rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        yield replace(row, operation=f"{direction}: {row.operation.replace('insert', 'upsert')}")
