"""Chroma over HTTP: ``chroma run``, the server in Rust that its Python package carries."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from . import packages
from .engine import Engine, UnavailableError

REQUIREMENTS = ("chromadb>=1.5",)
RUN = "import sys; from chromadb.cli.cli import app; app()"


class Chroma(Engine):
    """One Chroma with an empty directory of its own."""

    name = "chroma"

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self._site: Path | None = None

    def _find(self, *, fetch: bool) -> None:
        if not packages.module_folder("chromadb"):
            self._site = packages.wheels("chroma", REQUIREMENTS, fetch=fetch)
            if self._site is None:
                raise UnavailableError("not installed and not in the cache; starting it would try to fetch it")
        self.version = f"Chroma {packages.version('chromadb', self._site)}"
        self.found = "PyPI chromadb" + ("" if self._site else " in this Python")

    def _prepare(self, home: Path) -> None:
        (home / "data").mkdir()

    def _command(self, home: Path, port: int) -> list[str]:
        return [
            sys.executable,
            "-c",
            RUN,
            "run",
            "--path",
            str(home / "data"),
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ]

    def _environment(self) -> Mapping[str, str]:
        site = {} if self._site is None else {"PYTHONPATH": str(self._site)}
        return {**os.environ, **site, "ANONYMIZED_TELEMETRY": "False"}

    def _url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"

    def _probe(self, url: str) -> bool:
        # No proxy between us and this machine, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{url}/api/v2/heartbeat", timeout=2) as answer:
                return b"heartbeat" in answer.read()
        except (OSError, urllib.error.URLError):
            return False
