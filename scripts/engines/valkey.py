"""Redis-like servers of a newer Debian suite, through their own C library: Valkey, and Redis 8 with its vector sets."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from . import packages
from .engine import UnavailableError
from .redis import Redis


class SuiteServer(Redis):
    """From PATH where it is new enough, else Debian 13's package unpacked.

    Attributes:
        package: its name, which is the binary's too.
        product: its name for people.
        oldest: the first major version that will do.
    """

    package: str
    product: str
    oldest = 0

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self._loader: list[str] = []

    def _find(self, *, fetch: bool) -> None:
        installed = shutil.which(self.package)
        if installed is not None and self._ask_version(Path(installed)):
            self.found = f"on PATH: {installed}"
            return
        root = packages.debian_suite("trixie", self.package, fetch=fetch)
        if root is None:
            raise UnavailableError("not on PATH and not in the cache; starting it would try to fetch it")
        library_path = packages.library_path(root)
        loader = next(iter(sorted(root.glob("usr/lib*/**/ld-linux-*.so.*"))), None)
        if loader is None:
            raise UnavailableError(f"Debian's package {self.package} came without its C library")
        self._loader = [str(loader), "--library-path", library_path]
        self.found = "Debian trixie's package, unpacked"
        if not self._ask_version(root / "usr/bin" / self.package):
            raise UnavailableError(f"{self._server} does not run, or is too old")

    def _ask_version(self, server: Path) -> bool:
        out = subprocess.run([*self._loader, server, "--version"], capture_output=True, text=True, check=False)
        number = re.search(r"v=((\d+)\S*)", out.stdout)
        if out.returncode != 0 or number is None or int(number[2]) < self.oldest:
            return False
        self._server, self.version = server, f"{self.product} {number[1]}"
        return True

    def _command(self, home: Path, port: int) -> list[str]:
        return [*self._loader, *super()._command(home, port)]


class Valkey(SuiteServer):
    """One Valkey with empty storage of its own, which survives the kill of its process when ``durable``."""

    name = "valkey"
    package = "valkey-server"
    product = "Valkey"

    def _url(self, port: int) -> str:
        return f"valkey://127.0.0.1:{port}/0"


class Redis8(SuiteServer):
    """One Redis with vector sets; Debian builds it without the query engine."""

    name = "redis8"
    package = "redis-server"
    product = "Redis"
    oldest = 8
