"""Cloud Storage: this repository's stand-in, which speaks its JSON API over SQLite.

The emulators that package registries have ignore conditions on generations: gcp-storage-emulator all of them,
fake-gcs-server those of deletions. The stand-in lives with the tests of the gcs package; this module only starts it.
"""

from __future__ import annotations

import sqlite3
import sys
import urllib.error
import urllib.request
from pathlib import Path

import _bootstrap as bootstrap

from .engine import Engine, UnavailableError

STANDIN = bootstrap.ROOT / "packages" / "gcs" / "tests" / "standin"


class CloudStorage(Engine):
    """One service without buckets."""

    name = "gcs"

    def _find(self, *, fetch: bool) -> None:
        del fetch
        if not (STANDIN / "__main__.py").is_file():
            raise UnavailableError(f"the stand-in is missing at {STANDIN.relative_to(bootstrap.ROOT)}")
        self.version, self.found = f"stand-in over SQLite {sqlite3.sqlite_version}", "this Python"

    def _prepare(self, home: Path) -> None:
        """It makes its file itself."""

    def _command(self, home: Path, port: int) -> list[str]:
        return [sys.executable, str(STANDIN), "--port", str(port), "--database", str(home / "it.db")]

    def _url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"

    def _probe(self, url: str) -> bool:
        # No proxy between us and this machine, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{url}/storage/v1/b/no-bucket/o", timeout=2):
                return True
        except urllib.error.HTTPError as error:
            return error.code == 404
        except (OSError, urllib.error.URLError):
            return False
