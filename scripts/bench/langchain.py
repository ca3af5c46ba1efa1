"""LangChain's vector stores of its partners against the adapter over Chroma, and against our store in embedded Qdrant.

LangChain's ``add_documents`` overwrites documents with known ids. So the raw side of the adapter, whose inserts refuse
those, looks for them first; in the other direction both sides overwrite. The adapter writes the exact document beside
the record, and asks for lists of numbers that others wrote, which Chroma has in no range; LangChain's does neither.
Vectors are ready on both sides: what an embedding model takes would hide all else. Embedded Qdrant, on disk, filters
in Python.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import chromadb
from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_qdrant import QdrantVectorStore
from qdrant_client import QdrantClient, models

from praison_persist import KNOWLEDGE_STORES, AlreadyExistsError, KnowledgeDocument
from praison_persist_langchain import GivenVectors, as_langchain

from . import vectors
from .chroma import INDEX
from .measure import Plan, Row

COLLECTION = "documents"
CHROMA_FILTER = {"$and": [{"lang": "de"}, {"year": {"$gte": 2020}}]}
QDRANT_FILTER = models.Filter(
    must=[
        models.FieldCondition(key="metadata.lang", match=models.MatchValue(value="de")),
        models.FieldCondition(key="metadata.year", range=models.Range(gte=2020)),
    ]
)


class Native:
    """A vector store as LangChain uses it, with a filter in its own words."""

    def __init__(self, vectorstore: Any, given: GivenVectors, condition: Any) -> None:
        self.vectorstore = vectorstore
        self._given = given
        self._condition = condition

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        mine = [Document(id=one.id, page_content=one.content, metadata=one.metadata or {}) for one in documents]
        with self._given.handed([one.content for one in documents], [one.embedding or [] for one in documents]):
            self.vectorstore.add_documents(mine)

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        with self._given.handed(["query"], [vector]):
            condition = self._condition if filtered else None
            found = self.vectorstore.similarity_search_with_score("query", vectors.LIMIT, filter=condition)
        return [document.id or document.metadata["_id"] for document, _ in found if document.page_content]


class Refusing(Native):
    """One whose inserts refuse ids that are taken."""

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        if self.vectorstore.get_by_ids([one.id for one in documents]):
            raise AlreadyExistsError("an id is taken")
        super().insert(documents)


def run(plan: Plan) -> Iterator[Row]:
    """All rows for the adapter, then for the other direction."""
    with tempfile.TemporaryDirectory() as folder:
        given = GivenVectors()
        raw = Refusing(_chroma(Path(folder) / "raw", given), given, CHROMA_FILTER)
        with KNOWLEDGE_STORES.create("langchain", vectorstore=_chroma(Path(folder) / "ours", GivenVectors())) as store:
            store.create_collection(COLLECTION, vectors.DIMENSION)
            yield from _named("wrapped", vectors.rows(raw, vectors.Ours(store, COLLECTION), plan))
        client = QdrantClient(path=f"{folder}/qdrant")
        size = models.VectorParams(size=vectors.DIMENSION, distance=models.Distance.COSINE)
        client.create_collection(COLLECTION, vectors_config=size)
        partner = QdrantVectorStore(client, COLLECTION, given, validate_collection_config=False)
        mine = GivenVectors()
        with KNOWLEDGE_STORES.create("qdrant", path=f"{folder}/ours-qdrant") as store:
            store.create_collection(COLLECTION, vectors.DIMENSION)
            ours = Native(as_langchain(store, COLLECTION, mine), mine, vectors.FILTER)
            yield from _named("native", vectors.rows(Native(partner, given, QDRANT_FILTER), ours, plan))
        client.close()


def _chroma(path: Path, given: GivenVectors) -> Chroma:
    client = chromadb.PersistentClient(str(path))
    space: Any = {"hnsw": {"space": "cosine", **INDEX}}
    return Chroma(COLLECTION, given, client=client, collection_configuration=space)


def _named(direction: str, rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        yield replace(row, operation=f"{direction}: {row.operation}")
