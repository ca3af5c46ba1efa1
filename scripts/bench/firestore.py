"""Firestore: Google's clients, blocking and asynchronous, against the firestore and async_firestore stores."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from google.cloud import firestore

from praison_persist import STATE_STORES

from . import server
from .measure import Blocking, Looped, Plan, Row
from .state import Side, compare_sides

_PROJECT = "demo-bench"


def run(plan: Plan) -> Iterator[Row]:
    """The rows of the suite."""
    with server.running("firestore") as url:
        os.environ["FIRESTORE_EMULATOR_HOST"] = urlsplit(url).netloc
        yield from _blocking(plan)
        yield from _asynchronous(plan)


def _blocking(plan: Plan) -> Iterator[Row]:
    client: Any = firestore.Client(project=_PROJECT)
    documents = client.collection("raw").document

    def set_many(values: dict[str, Any]) -> None:
        batch = client.batch()
        for key, value in values.items():
            batch.set(documents(key), {"value": value})
        batch.commit()

    def get_many(keys: list[str]) -> dict[str, Any]:
        return {found.id: found.get("value") for found in client.get_all([documents(key) for key in keys])}

    raw = Side(
        lambda key, value: documents(key).set({"value": value}),
        lambda key: documents(key).get().get("value"),
        set_many,
        get_many,
    )
    with STATE_STORES.create("firestore", project=_PROJECT, collection="ours", timeout=30) as store:
        ours = Side(store.set, store.get, store.set_many, store.get_many)
        yield from compare_sides(Blocking(), raw, ours, plan)
    client.close()


def _asynchronous(plan: Plan) -> Iterator[Row]:
    clock = Looped()
    made: list[Any] = []

    async def documents(key: str) -> Any:
        if not made:
            made.append(firestore.AsyncClient(project=_PROJECT))  # it belongs to the loop
        return made[0].collection("raw").document(key)

    async def set_one(key: str, value: Any) -> None:
        await (await documents(key)).set({"value": value})

    async def get_one(key: str) -> Any:
        return (await (await documents(key)).get()).get("value")

    async def set_many(values: dict[str, Any]) -> None:
        places = {key: await documents(key) for key in values}
        batch = made[0].batch()
        for key, value in values.items():
            batch.set(places[key], {"value": value})
        await batch.commit()

    async def get_many(keys: list[str]) -> dict[str, Any]:
        places = [await documents(key) for key in keys]
        return {found.id: found.get("value") async for found in made[0].get_all(places)}

    store = STATE_STORES.create("async_firestore", project=_PROJECT, collection="ours", timeout=30)
    try:
        raw = Side(set_one, get_one, set_many, get_many)
        ours = Side(store.set, store.get, store.set_many, store.get_many)
        yield from compare_sides(clock, raw, ours, plan)
    finally:
        clock.run(store.close)
        clock.close()
