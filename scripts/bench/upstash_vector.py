"""Upstash Vector: its blocking client against the upstash_vector store, over the tests' stand-in for the service."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any

from upstash_vector import Index

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from . import vectors
from .measure import Plan, Row
from .upstash import STANDINS, listening

COLLECTION = "documents"
RAW = "raw_documents"
FILTER = "lang = 'de' AND year >= 2020"


class Raw:
    """The client as its manual shows it: ids that exist are refused, and inserts wait until a query finds the last."""

    def __init__(self, client: Index) -> None:
        self._client = client

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        if any(self._client.fetch([one.id for one in documents], namespace=RAW)):
            raise ValueError("one of the ids exists")
        given: list[Any] = [
            (one.id, one.embedding, {"created_at": one.created_at, **(one.metadata or {})}, one.content)
            for one in documents
        ]
        self._client.upsert(given, namespace=RAW)
        last: Any = documents[-1].embedding
        while self._client.query(last, top_k=1, namespace=RAW)[0].id != documents[-1].id:
            time.sleep(0.02)

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        found = self._client.query(
            vector=vector,
            top_k=vectors.LIMIT,
            filter=FILTER if filtered else "",
            include_metadata=True,
            include_data=True,
            namespace=RAW,
        )
        return [one.id for one in found]


def run(plan: Plan) -> Iterator[Row]:
    """All rows, on one index that both sides use."""
    token, script = secrets.token_hex(16), STANDINS / "knowledge" / "standin"
    with listening(lambda port: [str(script), "--port", str(port), "--token", token]) as url:
        index = f"{url}/{vectors.DIMENSION}-cosine"
        client = Index(index, token, allow_telemetry=False)
        with KNOWLEDGE_STORES.create("upstash_vector", url=index, token=token) as store:
            store.create_collection(COLLECTION, vectors.DIMENSION)
            yield from vectors.rows(Raw(client), vectors.Ours(store, COLLECTION), plan)
