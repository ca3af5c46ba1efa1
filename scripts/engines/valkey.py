"""Valkey as a single server: from PATH, or Debian 13's package unpacked, with its own C library."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from . import packages
from .engine import UnavailableError
from .redis import Redis


class Valkey(Redis):
    """One Valkey with empty storage of its own, which survives the kill of its process when ``durable``."""

    name = "valkey"

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self._loader: list[str] = []

    def _find(self, *, fetch: bool) -> None:
        installed = shutil.which("valkey-server")
        if installed is not None:
            self._server, self.found = Path(installed), f"on PATH: {installed}"
        else:
            root = packages.debian_suite("trixie", "valkey-server", fetch=fetch)
            if root is None:
                raise UnavailableError("not on PATH and not in the cache; starting it would try to fetch it")
            library_path = packages.library_path(root)
            loader = next(iter(sorted(root.glob("usr/lib*/**/ld-linux-*.so.*"))), None)
            if loader is None:
                raise UnavailableError("Debian's package valkey-server came without its C library")
            self._loader = [str(loader), "--library-path", library_path]
            self._server, self.found = root / "usr/bin/valkey-server", "Debian trixie's package, unpacked"
        out = subprocess.run([*self._loader, self._server, "--version"], capture_output=True, text=True, check=False)
        number = re.search(r"v=(\S+)", out.stdout)
        if out.returncode != 0 or number is None:
            raise UnavailableError(f"{self._server} does not run: {out.stderr.strip()}")
        self.version = f"Valkey {number[1]}"

    def _command(self, home: Path, port: int) -> list[str]:
        return [*self._loader, *super()._command(home, port)]

    def _url(self, port: int) -> str:
        return f"valkey://127.0.0.1:{port}/0"
