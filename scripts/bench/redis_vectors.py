"""Redis 8's vector sets: redis-py against the redis knowledge store, on one server."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

from redis import Redis

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from . import vectors
from .measure import Plan, Row
from .server import running

COLLECTION = "documents"
SET = "raw:vectors"
CANDIDATES = 2000  # both sides find the same documents, which approximate searches of random vectors do not
FILTER = '.lang == "de" and .year >= 2020'


class Raw:
    """Hashes beside a vector set whose attributes are the metadata, a batch in one transaction."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        if self._client.exists(*(_key(one.id) for one in documents)):
            raise ValueError("one of the ids exists")
        self.upsert(documents)

    def upsert(self, documents: list[KnowledgeDocument]) -> None:
        pipeline = self._client.pipeline(transaction=True)
        for one in documents:
            vector = struct.pack(f"<{vectors.DIMENSION}f", *one.embedding or ())
            metadata = json.dumps(one.metadata)
            fields = {
                "content": one.content,
                "content_hash": one.content_hash or "",
                "created_at": one.created_at,
                "metadata": metadata,
                "embedding": vector,
            }
            pipeline.hset(_key(one.id), mapping=fields)
            pipeline.execute_command("VADD", SET, "FP32", vector, one.id, "NOQUANT", "EF", 200, "SETATTR", metadata)
        pipeline.execute()

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        given = struct.pack(f"<{vectors.DIMENSION}f", *vector)
        how = ["WITHSCORES", "COUNT", vectors.LIMIT, "EF", CANDIDATES, *(["FILTER", FILTER] if filtered else [])]
        found = [_text(id_) for id_ in self._client.execute_command("VSIM", SET, "FP32", given, *how)]
        pipeline = self._client.pipeline(transaction=False)
        for id_ in found:
            pipeline.hmget(_key(id_), "content", "content_hash", "created_at", "metadata")
        for row in pipeline.execute():
            json.loads(row[3])
        return found

    def close(self) -> None:
        self._client.close()


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in an empty server that both sides use."""
    with (
        running("redis8") as url,
        KNOWLEDGE_STORES.create("redis", url=url, index="vectorset", ef_runtime=CANDIDATES) as store,
    ):
        raw = Raw(Redis.from_url(url, protocol=3))
        try:
            store.create_collection(COLLECTION, vectors.DIMENSION)
            yield from vectors.rows(raw, vectors.Ours(store, COLLECTION), plan)
        finally:
            raw.close()


def _key(id_: str) -> str:
    return f"raw:{id_}"


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else value
