"""The query engine of Redis and valkey-search: this repository's stand-in before a real Redis or Valkey.

No package registry has either module. The stand-in lives in scripts/query_engine, since two packages test with it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

import _bootstrap as bootstrap

from .redis import Redis
from .valkey import Valkey

STANDIN = bootstrap.ROOT / "scripts" / "query_engine"


class RedisQuery(Redis):
    """One Redis behind the stand-in; this object is the stand-in."""

    name = "redis-query"

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self.behind: Redis = self._make(durable=durable)

    def _make(self, *, durable: bool) -> Redis:
        return Redis(own=True, durable=durable)

    def _find(self, *, fetch: bool) -> None:
        self.behind.locate(fetch=fetch)
        self.version, self.found = f"stand-in for FT.* before {self.behind.version}", self.behind.found

    def _prepare(self, home: Path) -> None:
        self.behind.start()

    def stop(self) -> None:
        super().stop()
        self.behind.stop()

    def _command(self, home: Path, port: int) -> list[str]:
        upstream = str(urlsplit(self.behind.url).port)
        own = ["--port", str(port), "--upstream", upstream, "--state", str(home / "indexes.json")]
        return [sys.executable, str(STANDIN), *own, "--flavour", self.name.partition("-")[0]]


class ValkeyQuery(RedisQuery):
    """One Valkey behind the stand-in."""

    name = "valkey-query"

    def _make(self, *, durable: bool) -> Redis:
        return Valkey(own=True, durable=durable)

    def _url(self, port: int) -> str:
        return f"valkey://127.0.0.1:{port}/0"
