"""PgBouncer in transaction mode before a PostgreSQL, as the hosts of serverless databases have it: Debian's package.

It refuses to run as root, so root starts it as "nobody", with a copy that "nobody" can reach.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from . import packages, pgwire, system
from .engine import Engine, UnavailableError
from .postgres import pgvector_postgres

_BINARY = "usr/sbin/pgbouncer"
SERVER_CONNECTIONS = 4
"""Fewer than the tests have clients, so that a client meets another server connection with nearly every transaction."""


class PgBouncer(Engine):
    """One PgBouncer, and the PostgreSQL behind it."""

    name = "pgbouncer"

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self._server = pgvector_postgres(own=own, durable=durable)
        self._binary = Path()
        self._root: Path | None = None
        self._libraries = ""

    @property
    def _uid(self) -> int | None:
        return system.unprivileged_uid()

    def _find(self, *, fetch: bool) -> None:
        installed = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
        if installed is not None:
            self._binary, self.found = Path(installed), f"installed: {installed}"
        else:
            self._root = packages.debian("pgbouncer", _BINARY, fetch=fetch)
            if self._root is None:
                raise UnavailableError("not installed and not in the cache; starting it would try to fetch it")
            self._binary, self.found = self._root / _BINARY, "Debian's package, unpacked"
            self._libraries = packages.library_path(self._root)
        self._server.locate(fetch=fetch)
        out = subprocess.run(
            [self._binary, "--version"], capture_output=True, text=True, check=False, env=self._environment()
        )
        number = re.search(r"\d+(\.\d+)+", out.stdout)
        if out.returncode != 0 or number is None:
            raise UnavailableError(f"{self._binary} does not run: {out.stderr.strip()}")
        self.version = f"PgBouncer {number[0]}, transaction mode, before {self._server.version}"

    def _prepare(self, home: Path) -> None:
        if self._root is not None and self._uid is not None and not system.reachable(self._binary):
            shutil.copytree(self._root, home / "software", symlinks=True)
            self._binary = home / "software" / _BINARY
            self._libraries = packages.library_path(home / "software")
        self._server.start()

    def stop(self) -> None:
        super().stop()
        self._server.stop()

    def _command(self, home: Path, port: int) -> list[str]:
        server = urlsplit(self._server.url)
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(port),
            "unix_socket_dir": "",
            "auth_type": "plain",
            "auth_file": str(home / "users"),
            "pool_mode": "transaction",
            "default_pool_size": str(SERVER_CONNECTIONS),
            "max_client_conn": "1000",
        }
        lines = [
            "[databases]",
            f"* = host={server.hostname} port={server.port or 5432}",
            "[pgbouncer]",
            *(f"{name} = {value}" for name, value in settings.items()),
        ]
        texts = {
            "pgbouncer.ini": "\n".join(lines) + "\n",
            "users": f'"{unquote(server.username or "")}" "{unquote(server.password or "")}"\n',
        }
        for name, text in texts.items():
            (home / name).touch(0o600)
            (home / name).write_text(text)
            system.own(home / name, self._uid)
        return [str(self._binary), str(home / "pgbouncer.ini")]

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, "LD_LIBRARY_PATH": self._libraries} if self._libraries else os.environ

    def _url(self, port: int) -> str:
        server = urlsplit(self._server.url)
        return server._replace(netloc=f"{server.netloc.rpartition('@')[0]}@127.0.0.1:{port}").geturl()

    def _probe(self, url: str) -> bool:
        try:
            return "PostgreSQL" in pgwire.server_version(url)
        except (OSError, pgwire.RefusedError):
            return False
