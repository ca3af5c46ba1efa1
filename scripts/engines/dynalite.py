"""DynamoDB's protocol by Dynalite, an open implementation in JavaScript: from npm, with Node.js from PyPI."""

from __future__ import annotations

import json
from pathlib import Path

from . import packages
from .engine import Engine, UnavailableError
from .system import answers_http

REQUIREMENT = "dynalite@4.0.0"


class Dynalite(Engine):
    """One Dynalite with tables on disk, which survive the kill of its process."""

    name = "dynamodb"

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self._node = Path()
        self._folder = Path()

    def _find(self, *, fetch: bool) -> None:
        node, folder = packages.node(fetch=fetch), packages.npm("dynalite", [REQUIREMENT], fetch=fetch)
        if node is None or folder is None:
            raise UnavailableError("not in the cache; starting it would try to fetch it")
        self._node = node / "bin/node"
        self._folder = folder / "node_modules" / "dynalite"
        about = json.loads((self._folder / "package.json").read_text())
        self.version, self.found = f"Dynalite {about['version']}, no service of AWS", "npm"

    def _prepare(self, home: Path) -> None:
        """It makes its files itself."""

    def _command(self, home: Path, port: int) -> list[str]:
        where = ["--host", "127.0.0.1", "--port", str(port)]
        disk = ["--path", str(home / "data")] if self.durable else []
        return [str(self._node), str(self._folder / "cli.js"), *where, *disk, "--createTableMs", "0"]

    def _url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"

    def _probe(self, url: str) -> bool:
        return answers_http(url)
