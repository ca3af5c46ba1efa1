"""SurrealDB: a server binary where it is on PATH, else this repository's stand-in over the engine in the SDK's wheel.

The stand-in lives with the tests of the surrealdb package; this module only starts it. No package registry has the
server.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import _bootstrap as bootstrap

from . import packages
from .engine import Engine, UnavailableError
from .system import answers_http

STANDIN = bootstrap.ROOT / "packages" / "surrealdb" / "tests" / "standin"
REQUIREMENTS = ("surrealdb>=2,<3", "websockets>=15")
PASSWORD = "surreal-s3cret"


class SurrealDB(Engine):
    """One SurrealDB on files of its own, with the user ``root``."""

    name = "surrealdb"

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self._binary: str | None = None
        self._site: Path | None = None

    def _find(self, *, fetch: bool) -> None:
        self._binary = shutil.which("surreal")
        if self._binary is not None:
            out = subprocess.run([self._binary, "version"], capture_output=True, text=True, check=False)
            self.version, self.found = out.stdout.strip() or "surreal", f"on PATH: {self._binary}"
            return
        if not (STANDIN / "__main__.py").is_file():
            raise UnavailableError(
                f"no surreal on PATH, and the stand-in is missing at {STANDIN.relative_to(bootstrap.ROOT)}"
            )
        if not (packages.module_folder("surrealdb") and packages.module_folder("websockets")):
            self._site = packages.wheels("surrealdb", REQUIREMENTS, fetch=fetch)
            if self._site is None:
                raise UnavailableError("not on PATH and not in the cache; starting it would try to fetch it")
        self.version = f"stand-in over the engine of surrealdb {packages.version('surrealdb', self._site)} for Python"
        self.found = "PyPI surrealdb" + ("" if self._site else " in this Python")

    def _prepare(self, home: Path) -> None:
        """Both make their files themselves."""

    def _command(self, home: Path, port: int) -> list[str]:
        if self._binary:
            user = ["--user", "root", "--pass", PASSWORD, "--no-banner", "--log", "warn"]
            return [self._binary, "start", *user, "--bind", f"127.0.0.1:{port}", f"surrealkv://{home / 'data'}"]
        user = ["--user", "root", "--password", PASSWORD]
        return [sys.executable, str(STANDIN), "--port", str(port), *user, "--url", f"surrealkv://{home / 'data'}"]

    def _environment(self) -> Mapping[str, str]:
        sync = {"SURREAL_SYNC_DATA": "true"} if self.durable else {}
        return {**os.environ, **sync, **({"PYTHONPATH": str(self._site)} if self._site else {})}

    def _url(self, port: int) -> str:
        return f"surrealdb://root:{PASSWORD}@127.0.0.1:{port}"

    def _probe(self, url: str) -> bool:
        return answers_http(url, "/health")  # both bind their port when they are ready
