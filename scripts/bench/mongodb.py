"""MongoDB: PyMongo, blocking and asynchronous, against the stores of state and knowledge; over a stand-in by default.

Both sides have the same deadline, and send documents with the same fields under the same condition (no hash is
replaced): the stand-in spends so much on each that otherwise its time would be compared, which says nothing of mongod.
For the same reason vectors are only inserted.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

from bson.binary import Binary, BinaryVectorDtype
from pymongo import AsyncMongoClient, MongoClient, ReplaceOne
from pymongo.operations import SearchIndexModel

from praison_persist import KNOWLEDGE_STORES, STATE_STORES, KnowledgeDocument

from . import server, vectors
from .measure import Blocking, Looped, Plan, Row
from .state import CALLERS, Side, compare_sides


def run(plan: Plan) -> Iterator[Row]:
    """The rows of the suite."""
    with server.running("mongodb") as url:
        yield from _blocking(url, plan)
        yield from _asynchronous(url, plan)
        yield from _knowledge(url, plan)


_OPTIONS: Any = {"maxPoolSize": CALLERS, "w": "majority", "timeoutMS": 60_000}


def _change(key: str, value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    now = dt.datetime.now(dt.timezone.utc)
    condition = {"_id": f"raw:{key}", "$or": [{"hash": {"$exists": False}}, {"expires_at": {"$lte": now}}]}
    return condition, {"value": json.dumps(value), "token": secrets.token_hex(8), "updated_at": time.time()}


def _changes(values: dict[str, Any]) -> list[ReplaceOne[Any]]:
    return [ReplaceOne(*_change(key, value), upsert=True) for key, value in values.items()]


def _blocking(url: str, plan: Plan) -> Iterator[Row]:
    client: Any = MongoClient(url, **_OPTIONS)
    documents = client["praisonai"]["state"]

    def set_one(key: str, value: Any) -> None:
        documents.replace_one(*_change(key, value), upsert=True)

    def get_one(key: str) -> Any:
        return json.loads(documents.find_one({"_id": f"raw:{key}"})["value"])

    def set_many(values: dict[str, Any]) -> None:
        documents.bulk_write(_changes(values), ordered=False)

    def get_many(keys: list[str]) -> dict[str, Any]:
        found = documents.find({"_id": {"$in": [f"raw:{key}" for key in keys]}})
        return {each["_id"]: json.loads(each["value"]) for each in found}

    with client, STATE_STORES.create("mongodb", url=url, pool_size=CALLERS, timeout=60) as store:
        raw = Side(set_one, get_one, set_many, get_many)
        ours = Side(store.set, store.get, store.set_many, store.get_many)
        yield from compare_sides(Blocking(), raw, ours, plan)


def _asynchronous(url: str, plan: Plan) -> Iterator[Row]:
    client: Any = AsyncMongoClient(url, **_OPTIONS)
    documents = client["praisonai"]["state"]

    async def set_one(key: str, value: Any) -> None:
        await documents.replace_one(*_change(key, value), upsert=True)

    async def get_one(key: str) -> Any:
        return json.loads((await documents.find_one({"_id": f"raw:{key}"}))["value"])

    async def set_many(values: dict[str, Any]) -> None:
        await documents.bulk_write(_changes(values), ordered=False)

    async def get_many(keys: list[str]) -> dict[str, Any]:
        found = documents.find({"_id": {"$in": [f"raw:{key}" for key in keys]}})
        return {each["_id"]: json.loads(each["value"]) async for each in found}

    store = STATE_STORES.create("async_mongodb", url=url, pool_size=CALLERS, timeout=60)
    clock = Looped()
    try:
        raw = Side(set_one, get_one, set_many, get_many)
        ours = Side(store.set, store.get, store.set_many, store.get_many)
        yield from compare_sides(clock, raw, ours, plan)
    finally:
        clock.run(store.close)
        clock.run(client.close)
        clock.close()


class _Raw:
    """The client as its manual shows it: ids that exist are refused, and an insert waits until searches see it."""

    def __init__(self, documents: Any) -> None:
        vector = {
            "type": "vector",
            "path": "embedding",
            "numDimensions": vectors.DIMENSION,
            "similarity": "cosine",
        }
        fields = [vector, {"type": "filter", "path": "write"}, {"type": "filter", "path": "facts"}]
        documents.create_search_index(SearchIndexModel({"fields": fields}, "raw", "vectorSearch"))
        self._documents = documents

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        write = secrets.token_hex(8)
        rows = [
            {
                "_id": one.id,
                "content": one.content,
                "embedding": Binary.from_vector(one.embedding or [], BinaryVectorDtype.FLOAT32),
                "metadata": json.dumps(one.metadata),
                "facts": list(_facts(one.metadata or {})),
                "content_hash": one.content_hash,
                "created_at": one.created_at,
                "write": write,
            }
            for one in documents
        ]
        self._documents.insert_many(rows)
        asked = {
            "index": "raw",
            "path": "embedding",
            "queryVector": rows[0]["embedding"],
            "limit": len(rows),
            "exact": True,
            "filter": {"write": write},
        }
        while len(list(self._documents.aggregate([{"$vectorSearch": asked}, {"$project": {"_id": 1}}]))) < len(rows):
            time.sleep(0.02)


def _facts(metadata: dict[str, Any]) -> Iterator[str]:
    for key, value in metadata.items():
        yield key
        for one in value if isinstance(value, list) else [value]:
            yield f"{key}={one}"


def _knowledge(url: str, plan: Plan) -> Iterator[Row]:
    client: Any = MongoClient(url, **_OPTIONS)
    with client, KNOWLEDGE_STORES.create("mongodb_vector", url=url, pool_size=CALLERS, timeout=60) as store:
        client["praisonai"].drop_collection("raw")
        raw = _Raw(client["praisonai"].create_collection("raw", check_exists=False))
        store.delete_collection("documents")
        store.create_collection("documents", vectors.DIMENSION)
        try:
            yield from vectors.inserts(raw, vectors.Ours(store, "documents"), plan)
        finally:
            store.delete_collection("documents")
            client["praisonai"].drop_collection("raw")
