"""Pinecone: this repository's stand-in, which speaks its REST API. The vendor's own emulator is a container image.

The stand-in lives with the tests of the pinecone package; this module only starts it. The URL holds the API key.
"""

from __future__ import annotations

import platform
import sys
import urllib.error
import urllib.request
from pathlib import Path

import _bootstrap as bootstrap

from .engine import Engine, UnavailableError

STANDIN = bootstrap.ROOT / "packages" / "pinecone" / "tests" / "standin"
KEY = "pcsk_of-nobody"


class Pinecone(Engine):
    """One project without indexes."""

    name = "pinecone"

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
        return f"http://{KEY}@127.0.0.1:{port}"

    def _probe(self, url: str) -> bool:
        # No proxy between us and this machine, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        key, _, place = url.removeprefix("http://").rpartition("@")
        headers = {"Api-Key": key, "X-Pinecone-Api-Version": "2026-07"}
        try:
            with opener.open(urllib.request.Request(f"http://{place}/indexes", headers=headers), timeout=2) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False
