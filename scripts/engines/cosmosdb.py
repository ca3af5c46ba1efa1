"""Cosmos DB: this repository's stand-in, which speaks its REST API. The vendor's own emulator is a container image.

The stand-in lives with the tests of the cosmosdb package; this module only starts it. The URL holds the key.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from urllib.parse import quote

import _bootstrap as bootstrap

from .engine import Engine, UnavailableError
from .system import accepts

STANDIN = bootstrap.ROOT / "packages" / "cosmosdb" / "tests" / "standin"
KEY = "b2Ytbm9ib2R5LWtleS1vZi10aGUtc3RhbmQtaW4="


class CosmosDB(Engine):
    """One account without databases."""

    name = "cosmosdb"

    def _find(self, *, fetch: bool) -> None:
        del fetch
        if not (STANDIN / "__main__.py").is_file():
            raise UnavailableError(f"the stand-in is missing at {STANDIN.relative_to(bootstrap.ROOT)}")
        self.version, self.found = f"stand-in in Python {platform.python_version()}", "this Python"

    def _prepare(self, home: Path) -> None:
        """It makes its file itself."""

    def _command(self, home: Path, port: int) -> list[str]:
        options = ["--port", str(port), "--key", KEY, "--journal", str(home / "journal")]
        return [sys.executable, str(STANDIN), *options]

    def _url(self, port: int) -> str:
        return f"http://:{quote(KEY, safe='')}@127.0.0.1:{port}"

    def _probe(self, url: str) -> bool:
        return accepts(url)  # it binds its port when it is ready
