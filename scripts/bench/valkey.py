"""Valkey: GLIDE's blocking client against the valkey store; neither replaces a hash, which SET with GET refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from glide_sync import Batch, GlideClient, GlideClientConfiguration, NodeAddress

from praison_persist import STATE_STORES

from . import server
from .measure import Blocking, Plan, Row
from .state import Side, compare_sides


def run(plan: Plan) -> Iterator[Row]:
    """The rows of the suite."""
    with server.running("valkey") as url:
        address = NodeAddress(urlsplit(url).hostname or "localhost", urlsplit(url).port or 6379)
        client: Any = GlideClient.create(GlideClientConfiguration([address], request_timeout=5000))

        def set_many(values: dict[str, Any]) -> None:
            batch = Batch(is_atomic=False)
            for key, value in values.items():
                batch.set(f"raw:{key}", json.dumps(value), return_old_value=True)
            client.exec(batch, raise_on_error=True)

        def get_many(keys: list[str]) -> dict[str, Any]:
            found = client.mget([f"raw:{key}" for key in keys])
            return {key: json.loads(text) for key, text in zip(keys, found, strict=True)}

        raw = Side(
            lambda key, value: client.set(f"raw:{key}", json.dumps(value), return_old_value=True),
            lambda key: json.loads(client.get(f"raw:{key}")),
            set_many,
            get_many,
        )
        with STATE_STORES.create("valkey", url=url) as store:
            ours = Side(store.set, store.get, store.set_many, store.get_many)
            yield from compare_sides(Blocking(), raw, ours, plan)
        client.close()
