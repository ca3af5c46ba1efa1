"""AWS's API by Moto, in memory: it knows the expiry of tables and enforces policies, but loses concurrent updates."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from . import packages
from .engine import Engine, UnavailableError
from .system import answers_http

REQUIREMENT = "moto[dynamodb,iam,server]>=5.2,<6"
FREE_CALLS = 3
"""So many calls after the start, or a reset, are for the administrator: they make a user and its policy."""


class Moto(Engine):
    """One Moto server that enforces policies after `FREE_CALLS` calls."""

    name = "aws"

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self._site: Path | None = None

    def _find(self, *, fetch: bool) -> None:
        self._site = packages.wheels("moto", [REQUIREMENT], fetch=fetch)
        if self._site is None:
            raise UnavailableError("not in the cache; starting it would try to fetch it")
        self.version, self.found = f"Moto {packages.version('moto', self._site)}, no service of AWS", "PyPI"

    def _prepare(self, home: Path) -> None:
        """It keeps everything in memory."""

    def _command(self, home: Path, port: int) -> list[str]:
        return [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, "PYTHONPATH": str(self._site), "INITIAL_NO_AUTH_ACTION_COUNT": str(FREE_CALLS)}

    def _url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"

    def _probe(self, url: str) -> bool:
        return answers_http(url, "/moto-api/data.json")
