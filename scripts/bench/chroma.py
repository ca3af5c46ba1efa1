"""Chroma, embedded on disk and on its server: chromadb's client against the chroma store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import chromadb
from chromadb.config import Settings

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from . import vectors
from .cli import SuiteSkippedError
from .measure import Plan, Row
from .server import running

COLLECTION = "documents"
RAW = "raw_documents"
INDEX = {"ef_search": 2000}  # both sides find the same documents, which approximate searches of random vectors do not
FILTER: dict[str, Any] = {"$and": [{"lang": "de"}, {"year": {"$gte": 2020}}]}


class Raw:
    """The client as its manual shows it; ids that exist are looked for first, since `add` would ignore them."""

    def __init__(self, client: Any) -> None:
        self._collection = client.create_collection(
            RAW, configuration={"hnsw": {"space": "cosine", **INDEX}}, embedding_function=None
        )

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        if self._collection.get(ids=[one.id for one in documents], include=[])["ids"]:
            raise ValueError("one of the ids exists")
        self._collection.add(**_records(documents))

    def upsert(self, documents: list[KnowledgeDocument]) -> None:
        self._collection.upsert(**_records(documents))

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        found = self._collection.query(
            query_embeddings=[vector],
            n_results=vectors.LIMIT,
            where=FILTER if filtered else None,
            include=["documents", "metadatas", "distances"],
        )
        return found["ids"][0]


def _records(documents: list[KnowledgeDocument]) -> dict[str, Any]:
    return {
        "ids": [one.id for one in documents],
        "embeddings": [one.embedding for one in documents],
        "documents": [one.content for one in documents],
        "metadatas": [
            {**(one.metadata or {}), "content_hash": one.content_hash or "", "created_at": one.created_at}
            for one in documents
        ],
    }


def run(plan: Plan) -> Iterator[Row]:
    """All rows for a directory (each side has its own), then for a server that both sides use."""
    settings = Settings(anonymized_telemetry=False)
    with tempfile.TemporaryDirectory() as folder:
        raw = Raw(chromadb.PersistentClient(str(Path(folder) / "raw"), settings))
        with KNOWLEDGE_STORES.create("chroma", path=str(Path(folder) / "ours"), hnsw=INDEX) as store:
            store.create_collection(COLLECTION, vectors.DIMENSION)
            yield from _named("directory", vectors.rows(raw, vectors.Ours(store, COLLECTION), plan))
    try:
        with running("chroma") as url:
            host, port = url.removeprefix("http://").split(":")
            raw = Raw(chromadb.HttpClient(host, int(port), settings=settings))
            with KNOWLEDGE_STORES.create("chroma", url=url, hnsw=INDEX) as store:
                store.create_collection(COLLECTION, vectors.DIMENSION)
                yield from _named("server", vectors.rows(raw, vectors.Ours(store, COLLECTION), plan))
                store.delete_collection(COLLECTION)
    except SuiteSkippedError as reason:
        raise SuiteSkippedError(f"server: {reason}") from reason


def _named(place: str, rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        yield replace(row, operation=f"{place}: {row.operation}")
