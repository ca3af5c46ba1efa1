"""Redis: redis-py, blocking and asynchronous, against the redis and async_redis stores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import redis
import redis.asyncio

from praison_persist import STATE_STORES

from . import server
from .measure import Blocking, Looped, Plan, Row
from .state import CALLERS, Side, compare_sides


def run(plan: Plan) -> Iterator[Row]:
    """The rows of the suite."""
    with server.running("redis") as url:
        yield from _blocking(url, plan)
        yield from _asynchronous(url, plan)


def _blocking(url: str, plan: Plan) -> Iterator[Row]:
    client: Any = redis.Redis.from_url(url, max_connections=CALLERS, protocol=3)

    def set_many(values: dict[str, Any]) -> None:
        pipe = client.pipeline(transaction=False)
        for key, value in values.items():
            pipe.set(f"raw:{key}", json.dumps(value))
        pipe.execute()

    def get_many(keys: list[str]) -> dict[str, Any]:
        found = client.mget([f"raw:{key}" for key in keys])
        return {key: json.loads(text) for key, text in zip(keys, found, strict=True)}

    raw = Side(
        lambda key, value: client.set(f"raw:{key}", json.dumps(value)),
        lambda key: json.loads(client.get(f"raw:{key}")),
        set_many,
        get_many,
    )
    with client, STATE_STORES.create("redis", url=url, pool_size=CALLERS) as store:
        ours = Side(store.set, store.get, store.set_many, store.get_many)
        yield from compare_sides(Blocking(), raw, ours, plan)


def _asynchronous(url: str, plan: Plan) -> Iterator[Row]:
    client: Any = redis.asyncio.Redis.from_url(url, max_connections=CALLERS, protocol=3)

    async def set_one(key: str, value: Any) -> None:
        await client.set(f"raw:{key}", json.dumps(value))

    async def get_one(key: str) -> Any:
        return json.loads(await client.get(f"raw:{key}"))

    async def set_many(values: dict[str, Any]) -> None:
        pipe = client.pipeline(transaction=False)
        for key, value in values.items():
            pipe.set(f"raw:{key}", json.dumps(value))
        await pipe.execute()

    async def get_many(keys: list[str]) -> dict[str, Any]:
        found = await client.mget([f"raw:{key}" for key in keys])
        return {key: json.loads(text) for key, text in zip(keys, found, strict=True)}

    store = STATE_STORES.create("async_redis", url=url, pool_size=CALLERS)
    clock = Looped()
    try:
        raw = Side(set_one, get_one, set_many, get_many)
        ours = Side(store.set, store.get, store.set_many, store.get_many)
        yield from compare_sides(clock, raw, ours, plan)
    finally:
        clock.run(store.close)
        clock.run(client.aclose)
        clock.close()
