"""ClickHouse over HTTP: this repository's stand-in over chDB, ClickHouse's own engine from PyPI.

The stand-in lives with the tests of the clickhouse package; this module only starts it. No package registry has a
server with vector functions.
"""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import _bootstrap as bootstrap

from . import packages
from .engine import Engine, UnavailableError

STANDIN = bootstrap.ROOT / "packages" / "clickhouse" / "tests" / "standin"
REQUIREMENTS = ("chdb>=4.4", "lz4>=4")
PASSWORD = "click-s3cret"


class ClickHouse(Engine):
    """One ClickHouse on files of its own, with the user ``default``."""

    name = "clickhouse"

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self._site: Path | None = None

    def _find(self, *, fetch: bool) -> None:
        if not (STANDIN / "__main__.py").is_file():
            raise UnavailableError(f"the stand-in is missing at {STANDIN.relative_to(bootstrap.ROOT)}")
        if not (packages.module_folder("chdb") and packages.module_folder("lz4")):
            self._site = packages.wheels("clickhouse", REQUIREMENTS, fetch=fetch)
            if self._site is None:
                raise UnavailableError("not in the cache; starting it would try to fetch it")
        self.version = f"ClickHouse's HTTP protocol over chDB {packages.version('chdb-core', self._site)}"
        self.found = "a stand-in, PyPI chdb" + ("" if self._site else " in this Python")

    def _prepare(self, home: Path) -> None:
        """The engine makes its files itself."""

    def _command(self, home: Path, port: int) -> list[str]:
        return [sys.executable, str(STANDIN), "--port", str(port), "--path", str(home / "data"), "--password", PASSWORD]

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, "PYTHONPATH": str(self._site)} if self._site else os.environ

    def _url(self, port: int) -> str:
        return f"clickhouse://default:{PASSWORD}@127.0.0.1:{port}/praisonai"

    def _probe(self, url: str) -> bool:
        # No proxy between us and this machine, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{urlsplit(url).port}/ping", timeout=2) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False
