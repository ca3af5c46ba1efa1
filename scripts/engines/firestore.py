"""Firestore: Google's emulator where it is installed, else this repository's stand-in, which speaks its gRPC protocol.

The emulator keeps its documents in memory, so a server that tests kill is always the stand-in, which has a file. No
package registry has the emulator.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import _bootstrap as bootstrap

from . import packages
from .engine import Engine, UnavailableError

STANDIN = bootstrap.ROOT / "packages" / "firestore" / "tests" / "standin"
REQUIREMENTS = ("google-cloud-firestore>=2.16",)

_SDKS = ("/usr/lib/google-cloud-sdk", "/usr/share/google-cloud-sdk", "/opt/google-cloud-sdk")
_JAR = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"


class Firestore(Engine):
    """One empty Firestore without rules."""

    name = "firestore"

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self._forgetful = not own
        self._jar: Path | None = None
        self._java = ""
        self._site: Path | None = None

    def _find(self, *, fetch: bool) -> None:
        if self._forgetful and (jar := _installed_jar()) and (java := shutil.which("java")):
            self._jar, self._java = jar, java
            self.version, self.found = f"Google's emulator {_version_of(jar)}", f"installed: {jar}"
            return
        if not (STANDIN / "__main__.py").is_file():
            raise UnavailableError(f"no emulator, and the stand-in is missing at {STANDIN.relative_to(bootstrap.ROOT)}")
        if not packages.module_folder("google.cloud.firestore_v1"):
            self._site = packages.wheels("firestore", REQUIREMENTS, fetch=fetch)
            if self._site is None:
                raise UnavailableError("not installed and not in the cache; starting it would try to fetch it")
        self.version = f"stand-in with the messages of {packages.version('google-cloud-firestore', self._site)}"
        self.found = "PyPI google-cloud-firestore" + ("" if self._site else " in this Python")

    def _prepare(self, home: Path) -> None:
        """Both make their files themselves."""

    def _command(self, home: Path, port: int) -> list[str]:
        if self._jar:
            options = ["-Xmx512m", "-Duser.language=en", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
            return [self._java, *options, "-cp", str(self._jar), _MAIN, "--host=127.0.0.1", f"--port={port}"]
        return [sys.executable, str(STANDIN), "--port", str(port), "--database", str(home / "it.db")]

    def _environment(self) -> Mapping[str, str]:
        return os.environ if self._site is None else {**os.environ, "PYTHONPATH": str(self._site)}

    def _url(self, port: int) -> str:
        return f"firestore://127.0.0.1:{port}"

    def _probe(self, url: str) -> bool:
        """Whether it answers with HTTP/2 settings, as every gRPC server does."""
        parts = urlsplit(url)
        try:
            with socket.create_connection((parts.hostname or "localhost", parts.port or 8080), timeout=2) as connection:
                connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
                return connection.recv(9)[3:4] == b"\x04"
        except OSError:
            return False


def _installed_jar() -> Path | None:
    gcloud = shutil.which("gcloud")
    roots = [*_SDKS, *([str(Path(gcloud).resolve().parents[1])] if gcloud else [])]
    return next((path for root in roots if (path := Path(root) / _JAR).is_file()), None)


def _version_of(jar: Path) -> str:
    """That of Debian's package, or of the SDK."""
    package = "google-cloud-cli-firestore-emulator"
    if shutil.which("dpkg-query"):
        out = subprocess.run(["dpkg-query", "-W", package], capture_output=True, text=True, check=False).stdout
        if found := re.search(r"\d+\.\d+\.\d+", out):
            return found[0]
    version = jar.parents[2] / "VERSION"
    return version.read_text().strip() if version.is_file() else "?"
