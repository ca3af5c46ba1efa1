"""Upstash: the vendor's blocking client against the upstash store, over the tests' stand-in for the service."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from upstash_redis import Redis

from praison_persist import STATE_STORES

from . import server
from .measure import Blocking, Plan, Row
from .state import Side, compare_sides

STANDINS = Path(__file__).resolve().parents[2] / "packages/upstash/tests"


def run(plan: Plan) -> Iterator[Row]:
    """The rows of the suite."""
    with server.running("redis") as redis_url, _service(redis_url) as (url, token):
        client: Any = Redis(url, token, allow_telemetry=False)

        def set_many(values: dict[str, Any]) -> None:
            pipeline = client.pipeline()
            for key, value in values.items():
                pipeline.set(f"raw:{key}", json.dumps(value))
            pipeline.exec()

        def get_many(keys: list[str]) -> dict[str, Any]:
            found = client.mget(*(f"raw:{key}" for key in keys))
            return {key: json.loads(text) for key, text in zip(keys, found, strict=True)}

        raw = Side(
            lambda key, value: client.set(f"raw:{key}", json.dumps(value)),
            lambda key: json.loads(client.get(f"raw:{key}")),
            set_many,
            get_many,
        )
        with STATE_STORES.create("upstash", url=url, token=token) as store:
            ours = Side(store.set, store.get, store.set_many, store.get_many)
            yield from compare_sides(Blocking(), raw, ours, plan)
        client.close()


@contextmanager
def _service(redis_url: str) -> Iterator[tuple[str, str]]:
    """URL and token of the stand-in for Redis while it runs."""
    token, script = secrets.token_hex(16), STANDINS / "standin" / "server.py"
    with listening(lambda port: [str(script), str(port), str(urlsplit(redis_url).port), token]) as url:
        yield url, token


@contextmanager
def listening(arguments: Callable[[int], list[str]]) -> Iterator[str]:
    """URL of a script of ours on a port that it is given, while it runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, *arguments(port)])
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
