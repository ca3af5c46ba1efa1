"""A libSQL server: `sqld` where it is on PATH, else this repository's stand-in, which speaks its protocol over SQLite.

The stand-in lives with the tests of the turso package; this module only starts it. No package registry has `sqld`.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import _bootstrap as bootstrap

from .engine import Engine, UnavailableError

STANDIN = bootstrap.ROOT / "packages" / "turso" / "tests" / "standin"


class Turso(Engine):
    """One empty libSQL database without a token."""

    name = "turso"

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self._binary: str | None = None

    def _find(self, *, fetch: bool) -> None:
        del fetch
        self._binary = shutil.which("sqld")
        if self._binary is not None:
            out = subprocess.run([self._binary, "--version"], capture_output=True, text=True, check=False)
            self.version, self.found = out.stdout.strip() or "sqld", f"on PATH: {self._binary}"
        elif not (STANDIN / "__main__.py").is_file():
            raise UnavailableError(
                f"no sqld on PATH, and the stand-in is missing at {STANDIN.relative_to(bootstrap.ROOT)}"
            )
        else:
            self.version, self.found = f"stand-in over SQLite {sqlite3.sqlite_version}", "this Python"

    def _prepare(self, home: Path) -> None:
        """Both make their files themselves."""

    def _command(self, home: Path, port: int) -> list[str]:
        if self._binary:
            place = ["--db-path", str(home / "data"), "--http-listen-addr", f"127.0.0.1:{port}"]
            # Its defaults answer with at most 10 MB.
            return [self._binary, *place, "--max-response-size", "100MB", "--max-total-response-size", "200MB"]
        return [sys.executable, str(STANDIN), "--port", str(port), "--database", str(home / "it.db")]

    def _url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"

    def _probe(self, url: str) -> bool:
        # No proxy between us and this machine, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{url}/v3", timeout=2) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False
