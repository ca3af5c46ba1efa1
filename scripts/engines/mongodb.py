"""MongoDB: `mongod` where it is on PATH, else this repository's stand-in, which speaks its protocol over mongomock.

The stand-in lives with the tests of the mongodb package; this module only starts it. No package registry has `mongod`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import _bootstrap as bootstrap

from . import packages
from .engine import Engine, UnavailableError
from .system import accepts

STANDIN = bootstrap.ROOT / "packages" / "mongodb" / "tests" / "standin"
REQUIREMENTS = ("mongomock>=4.3,<5", "pymongo>=4.13,<5")


class MongoDB(Engine):
    """One MongoDB with files of its own, which survive the kill of its process.

    Args:
        standin: options of the stand-in, which is then started in any case.
    """

    name = "mongodb"

    def __init__(self, *, own: bool = False, durable: bool = True, standin: Sequence[str] = ()) -> None:
        super().__init__(own=own, durable=durable)
        self._options = standin
        self._binary: str | None = None
        self._site: Path | None = None

    def _find(self, *, fetch: bool) -> None:
        self._binary = None if self._options else shutil.which("mongod")
        if self._binary is not None:
            out = subprocess.run([self._binary, "--version"], capture_output=True, text=True, check=False)
            self.version = out.stdout.partition("\n")[0].replace("db version", "MongoDB") or "mongod"
            self.found = f"on PATH: {self._binary}"
            return
        if not (STANDIN / "__main__.py").is_file():
            raise UnavailableError(
                f"no mongod on PATH, and the stand-in is missing at {STANDIN.relative_to(bootstrap.ROOT)}"
            )
        self._site = packages.wheels("mongomock", REQUIREMENTS, fetch=fetch)
        if self._site is None:
            raise UnavailableError("not on PATH and not in the cache; starting it would try to fetch it")
        self.version, self.found = f"stand-in over mongomock {packages.version('mongomock', self._site)}", "PyPI"

    def _prepare(self, home: Path) -> None:
        (home / "data").mkdir()

    def _command(self, home: Path, port: int) -> list[str]:
        if self._binary:
            return [self._binary, "--bind_ip", "127.0.0.1", "--port", str(port), "--dbpath", str(home / "data")]
        journal = str(home / "data" / "journal")
        return [sys.executable, str(STANDIN), "--port", str(port), "--journal", journal, *self._options]

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, "PYTHONPATH": str(self._site)} if self._site else os.environ

    def _url(self, port: int) -> str:
        return f"mongodb://127.0.0.1:{port}"

    def _probe(self, url: str) -> bool:
        return accepts(url)  # both bind their port when they are ready


class CosmosMongoDB(MongoDB):
    """Azure Cosmos DB for MongoDB: the stand-in with that one's vector search."""

    name = "cosmosdb-mongodb"

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable, standin=["--cosmos"])
