"""Stand-ins of this repository: what they have in common as engines. Each lives with the tests of its package."""

from __future__ import annotations

import platform
import sys
from abc import abstractmethod
from pathlib import Path

import _bootstrap as bootstrap

from .engine import Engine, UnavailableError
from .system import accepts

__all__ = ["Standin"]


class Standin(Engine):
    """The program ``tests/standin`` of the package with the engine's name, with ``--port`` and ``--journal``."""

    def _find(self, *, fetch: bool) -> None:
        del fetch
        if not (self._program / "__main__.py").is_file():
            raise UnavailableError(f"the stand-in is missing at {self._program.relative_to(bootstrap.ROOT)}")
        self.version, self.found = f"stand-in in Python {platform.python_version()}", "this Python"

    def _prepare(self, home: Path) -> None:
        """It makes its file itself."""

    def _command(self, home: Path, port: int) -> list[str]:
        options = ["--port", str(port), "--journal", str(home / "journal"), *self._options()]
        return [sys.executable, str(self._program), *options]

    def _probe(self, url: str) -> bool:
        return accepts(url)  # it binds its port when it is ready

    @property
    def _program(self) -> Path:
        return bootstrap.ROOT / "packages" / self.name / "tests" / "standin"

    @abstractmethod
    def _options(self) -> list[str]:
        """Its own options, such as the key that it lets in."""
