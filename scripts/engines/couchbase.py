"""Couchbase: this repository's stand-in, which speaks the protocols of its data, query and management services.

The vendor publishes no server in a package registry. The stand-in lives with the tests of the couchbase package; this
module only starts it.
"""

from __future__ import annotations

import platform
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import _bootstrap as bootstrap

from .engine import Engine, UnavailableError

STANDIN = bootstrap.ROOT / "packages" / "couchbase" / "tests" / "standin"
PASSWORD = "of-nobody"
BUCKET = "tests"


class Couchbase(Engine):
    """One node with an empty bucket."""

    name = "couchbase"

    def _find(self, *, fetch: bool) -> None:
        del fetch
        if not (STANDIN / "__main__.py").is_file():
            raise UnavailableError(f"the stand-in is missing at {STANDIN.relative_to(bootstrap.ROOT)}")
        self.version, self.found = f"stand-in in Python {platform.python_version()}", "this Python"

    def _prepare(self, home: Path) -> None:
        """It makes its file itself."""

    def _command(self, home: Path, port: int) -> list[str]:
        options = ["--port", str(port), "--password", PASSWORD, "--bucket", BUCKET, "--journal", str(home / "journal")]
        return [sys.executable, str(STANDIN), *options]

    def _url(self, port: int) -> str:
        return f"couchbase://Administrator:{PASSWORD}@127.0.0.1:{port}/{BUCKET}"

    def _probe(self, url: str) -> bool:
        place = urlsplit(url)
        try:
            socket.create_connection((place.hostname or "", place.port or 0), timeout=2).close()
        except OSError:
            return False
        return True
