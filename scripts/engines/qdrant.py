"""Qdrant over HTTP: a server binary where there is one, else this repository's stand-in over Qdrant's own Rust core.

The stand-in lives with the tests of the qdrant package; this module only starts it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import _bootstrap as bootstrap

from . import packages, system
from .engine import Engine, UnavailableError

STANDIN = bootstrap.ROOT / "packages" / "qdrant" / "tests" / "standin"
REQUIREMENTS = ("qdrant-edge-py>=0.9", "qdrant-client>=1.20")


class Qdrant(Engine):
    """One Qdrant with empty storage of its own."""

    name = "qdrant"

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self._binary: str | None = None
        self._site: Path | None = None

    def _find(self, *, fetch: bool) -> None:
        self._binary = shutil.which("qdrant")
        if self._binary is not None:
            out = subprocess.run([self._binary, "--version"], capture_output=True, text=True, check=False)
            self.version, self.found = out.stdout.strip() or "qdrant", f"on PATH: {self._binary}"
            return
        if not (STANDIN / "__main__.py").is_file():
            raise UnavailableError(
                f"no qdrant on PATH, and the stand-in is missing at {STANDIN.relative_to(bootstrap.ROOT)}"
            )
        if not (packages.module_folder("qdrant_edge") and packages.module_folder("qdrant_client")):
            self._site = packages.wheels("qdrant", REQUIREMENTS, fetch=fetch)
            if self._site is None:
                raise UnavailableError("not on PATH and not in the cache; starting it would try to fetch it")
        self.version = f"stand-in over qdrant-edge {packages.version('qdrant-edge-py', self._site)}"
        self.found = "PyPI qdrant-edge-py" + ("" if self._site else " in this Python")

    def _prepare(self, home: Path) -> None:
        (home / "storage").mkdir()

    def _command(self, home: Path, port: int) -> list[str]:
        del home
        return [self._binary] if self._binary else [sys.executable, str(STANDIN), "--port", str(port)]

    def _environment(self) -> Mapping[str, str]:
        if self._site is not None:
            return {**os.environ, "PYTHONPATH": str(self._site)}
        if self._binary is None or self._home is None:
            return os.environ
        service = {"HOST": "127.0.0.1", "HTTP_PORT": str(self._port), "GRPC_PORT": str(system.free_port())}
        settings = {f"QDRANT__SERVICE__{key}": value for key, value in service.items()}
        settings["QDRANT__STORAGE__STORAGE_PATH"] = str(self._home / "storage")
        return {**os.environ, **settings, "QDRANT__TELEMETRY_DISABLED": "true"}

    def _url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"

    def _probe(self, url: str) -> bool:
        # No proxy between us and this machine, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{url}/collections", timeout=2) as answer:
                return json.load(answer)["status"] == "ok"
        except (OSError, urllib.error.URLError, ValueError, KeyError):
            return False
