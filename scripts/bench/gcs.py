"""Cloud Storage: Google's blocking client against the gcs store, over the tests' stand-in for the service."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from praison_persist import STATE_STORES

from . import server
from .measure import Blocking, Plan, Row
from .state import Side, compare_sides

_THREADS = 16


def run(plan: Plan) -> Iterator[Row]:
    """The rows of the suite."""
    with server.running("gcs") as url, ThreadPoolExecutor(_THREADS) as threads:
        os.environ["STORAGE_EMULATOR_HOST"] = url
        client: Any = storage.Client(project="p", credentials=AnonymousCredentials())
        bucket = client.create_bucket("praison-persist-bench")

        def set_one(key: str, value: Any) -> None:
            bucket.blob(f"raw/{key}.json").upload_from_string(json.dumps(value), content_type="application/json")

        def get_one(key: str) -> Any:
            return json.loads(bucket.blob(f"raw/{key}.json").download_as_bytes())

        # Cloud Storage has no call for many objects: several at a time, as the store does it.
        raw = Side(
            set_one,
            get_one,
            lambda values: list(threads.map(lambda item: set_one(*item), values.items())),
            lambda keys: dict(zip(keys, threads.map(get_one, keys), strict=True)),
        )
        with STATE_STORES.create("gcs", bucket_name=bucket.name, prefix="ours/", timeout=30) as store:
            ours = Side(store.set, store.get, store.set_many, store.get_many)
            yield from compare_sides(Blocking(), raw, ours, plan)
        client.close()
