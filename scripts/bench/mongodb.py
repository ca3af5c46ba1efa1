"""MongoDB: PyMongo, blocking and asynchronous, against its two stores; over a stand-in by default.

Both sides have the same deadline, and send documents with the same fields under the same condition (no hash is
replaced): the stand-in spends so much on each that otherwise its time would be compared, which says nothing of mongod.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

from pymongo import AsyncMongoClient, MongoClient, ReplaceOne

from praison_persist import STATE_STORES

from . import server
from .measure import Blocking, Looped, Plan, Row
from .state import CALLERS, Side, compare_sides


def run(plan: Plan) -> Iterator[Row]:
    """The rows of the suite."""
    with server.running("mongodb") as url:
        yield from _blocking(url, plan)
        yield from _asynchronous(url, plan)


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
