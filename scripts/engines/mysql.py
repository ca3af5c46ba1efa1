"""MySQL and MariaDB: where their binaries come from, and a server of its own for every start.

MariaDB is the distribution's. Debian's stable suites have no MySQL, so it comes from the unstable one, with its own C
library.
"""

from __future__ import annotations

import getpass
import os
import re
import secrets
import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import packages
from .engine import Engine, UnavailableError

USER = "praison"
_PLACES = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


@dataclass(frozen=True)
class Installation:
    """Binaries of one server.

    Attributes:
        command: how to run the server binary; the last part is the binary.
        base: the directory above ``share/mysql``.
        how: how it was found.
        libraries: ``LD_LIBRARY_PATH``.
    """

    command: Sequence[str]
    base: Path
    how: str
    libraries: str = ""

    def version(self) -> str:
        """As ``--version`` says, with the server's name."""
        out = subprocess.run([*self.command, "--version"], capture_output=True, text=True, check=False, env=self.env())
        if out.returncode != 0:
            raise UnavailableError(f"{self.command[-1]} does not run: {out.stderr.strip()}")
        number = re.search(r"Ver (\d+(?:\.\d+)*)", out.stdout)
        return f"{'MariaDB' if 'MariaDB' in out.stdout else 'MySQL'} {number[1] if number else '?'}"

    def env(self) -> Mapping[str, str]:
        """Variables for the binaries."""
        return {**os.environ, "LD_LIBRARY_PATH": self.libraries} if self.libraries else os.environ

    def options(self, data: Path) -> list[str]:
        """Where the server finds what belongs to it, whatever paths were built in."""
        share, plugins = self.base / "share/mysql", next(self.base.glob("lib*/mysql/plugin"), None)
        return [
            "--no-defaults",
            f"--basedir={self.base}",
            f"--datadir={data}",
            f"--tmpdir={data.parent}",  # in a directory for all, a server that starts deletes what others have there
            f"--user={getpass.getuser()}",  # as root, only when told so
            *([f"--lc-messages-dir={share}"] if share.is_dir() else []),
            *([f"--character-sets-dir={share / 'charsets'}"] if (share / "charsets").is_dir() else []),
            *([f"--plugin-dir={plugins}"] if plugins else []),
        ]


Source = Callable[[bool], "Installation | None"]


class MySQL(Engine):
    """A throw-away server with a user who may do anything and has a password made for it.

    Args:
        name: of the engine.
        sources: asked in order; each gets whether it may download, and answers an installation or None.
        own, durable: see `Engine`; without ``durable``, commits are not flushed.
    """

    def __init__(self, name: str, sources: Sequence[Source], *, own: bool = False, durable: bool = True) -> None:
        self.name = name
        super().__init__(own=own, durable=durable)
        self._sources = sources
        self._installation: Installation | None = None
        self._password = secrets.token_hex(16)

    def _find(self, *, fetch: bool) -> None:
        for source in self._sources:
            if (found := source(fetch)) is not None:
                self._installation, self.version, self.found = found, found.version(), found.how
                return
        raise UnavailableError("not on PATH and not in the cache; starting it would try to fetch it")

    def _prepare(self, home: Path) -> None:
        installation, data = self._found(), home / "data"
        if self.version.startswith("MariaDB"):
            script = next((p for p in installation.base.glob("*bin/mariadb-install-db")), None)
            if script is None:
                raise UnavailableError(f"{installation.base} holds no mariadb-install-db")
            options = [part for part in installation.options(data) if not part.startswith("--character-sets-dir")]
            command = [str(script), *options, "--skip-test-db"]
        else:
            command = [*installation.command, *installation.options(data), "--initialize"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=home, env=installation.env())
        if done.returncode != 0:
            raise UnavailableError(f"the server cannot make its tables: {(done.stderr or done.stdout).strip()[-600:]}")
        init = home / "init.sql"  # read at every start
        init.touch(0o600)
        init.write_text(
            f"CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{self._password}';\n"
            f"GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
            f"CREATE DATABASE IF NOT EXISTS {USER};\n"
        )

    def _command(self, home: Path, port: int) -> list[str]:
        installation = self._found()
        settings = {
            "bind-address": "127.0.0.1",
            "port": port,
            "socket": home / "socket",
            "pid-file": home / "pid",
            "init-file": home / "init.sql",
            "max-connections": 300,
            "innodb-buffer-pool-size": "64M",
            "innodb-flush-log-at-trx-commit": 1 if self.durable else 0,
            "performance-schema": "OFF",
        }
        only_mysql = [] if self.version.startswith("MariaDB") else ["--mysqlx=OFF", "--secure-file-priv=NULL"]
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [
            *installation.command, *installation.options(home / "data"), *options, "--skip-log-bin", *only_mysql,
        ]  # fmt: skip

    def _environment(self) -> Mapping[str, str]:
        return self._found().env()

    def _url(self, port: int) -> str:
        return f"mysql://{USER}:{self._password}@127.0.0.1:{port}/{USER}"

    def _probe(self, url: str) -> bool:
        """Whether the server greets; it does once it has read its init file, and an error is no greeting."""
        port = int(url.rpartition(":")[2].partition("/")[0])
        try:
            with socket.create_connection(("127.0.0.1", port), 2) as connection:
                packet = connection.recv(64)
        except OSError:
            return False
        return len(packet) > 5 and packet[4] == 10  # the protocol's version

    def _found(self) -> Installation:
        if self._installation is None:
            raise UnavailableError("not located")
        return self._installation


def mariadb(*, own: bool = False, durable: bool = True) -> MySQL:
    """The distribution's MariaDB."""
    return MySQL("mariadb", [_on_path("mariadbd", "MariaDB"), _mariadb_unpacked], own=own, durable=durable)


def mysql(*, own: bool = False, durable: bool = True) -> MySQL:
    """A MySQL, as new as Debian has it."""
    return MySQL("mysql", mysql_sources(), own=own, durable=durable)


def mysql_sources() -> list[Source]:
    """Where a MySQL comes from."""
    return [_on_path("mysqld", "MySQL"), _mysql_unpacked]


def _on_path(name: str, kind: str) -> Source:
    def find(fetch: bool) -> Installation | None:
        del fetch
        binary = shutil.which(name, path=_PLACES)
        if binary is None:
            return None
        path = Path(binary).resolve()
        found = Installation([str(path)], path.parents[1], f"on PATH: {binary}")
        return found if found.version().startswith(kind) else None  # "mysqld" may be MariaDB's

    return find


def _mariadb_unpacked(fetch: bool) -> Installation | None:
    root = packages.debian("mariadb-server-core", "usr/sbin/mariadbd", fetch=fetch, also=("mariadb-client-core",))
    if root is None:
        return None
    return Installation(
        [str(root / "usr/sbin/mariadbd")], root / "usr", "Debian's package, unpacked", packages.library_path(root)
    )


def _mysql_unpacked(fetch: bool) -> Installation | None:
    root = packages.debian_suite("sid", "mysql-server-core", fetch=fetch)
    if root is None:
        return None
    loader = next(iter(sorted(root.glob("usr/lib*/ld-linux-*.so.*"))), None)
    binary = root / "usr/sbin/mysqld"
    if loader is None or not binary.is_file():
        raise UnavailableError("Debian's package mysql-server-core holds no mysqld, or came without its C library")
    command = [str(loader), "--library-path", packages.library_path(root), str(binary)]
    return Installation(command, root / "usr", "Debian sid's package, unpacked")
