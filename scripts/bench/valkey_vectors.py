"""Inserts of vectors into Valkey: GLIDE's blocking client against the valkey knowledge store, without an index.

No package registry has valkey-search, and searches of its stand-in would measure the stand-in.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from glide_sync import Batch, GlideClient, GlideClientConfiguration, NodeAddress

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from . import vectors
from .measure import Plan, Row
from .server import running

COLLECTION = "documents"


class Raw:
    """A hash for each document and a set of the ids, a batch in one transaction; ids are looked for first."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        if self._client.exists([_key(one.id) for one in documents]):
            raise ValueError("one of the ids exists")
        self.upsert(documents)

    def upsert(self, documents: list[KnowledgeDocument]) -> None:
        batch = Batch(is_atomic=True)
        for one in documents:
            fields: Any = {
                "content": one.content,
                "content_hash": one.content_hash or "",
                "created_at": str(one.created_at),
                "metadata": json.dumps(one.metadata),
                "embedding": struct.pack(f"<{vectors.DIMENSION}f", *one.embedding or ()),
            }
            batch.hset(_key(one.id), fields)
        batch.zadd("raw:ids", {one.id: 0.0 for one in documents})
        self._client.exec(batch, raise_on_error=True)


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in an empty server that both sides use."""
    with running("valkey") as url, KNOWLEDGE_STORES.create("valkey", url=url, index="flat") as store:
        address = NodeAddress(urlsplit(url).hostname or "localhost", urlsplit(url).port or 6379)
        client: Any = GlideClient.create(GlideClientConfiguration([address], request_timeout=10_000))
        try:
            store.create_collection(COLLECTION, vectors.DIMENSION)
            yield from vectors.inserts(Raw(client), vectors.Ours(store, COLLECTION), plan)
        finally:
            client.close()


def _key(id_: str) -> str:
    return f"raw:{id_}"
