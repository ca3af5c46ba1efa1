"""Milvus: the whole server from its Python package, in a network of its own, since it listens on all addresses."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import _bootstrap as bootstrap

from . import packages, private_network
from .engine import Engine, UnavailableError
from .system import accepts

VERSION = "2.3.5"

_PORT, _HEALTH = 19530, 9091  # in there; every server has its own

# In milliseconds. A strongly consistent read waits for the next tick, a new collection for some rounds of the others.
# Shorter ones keep an idle server busy.
_INTERVALS = {
    "proxy": {"timeTickInterval": 50},
    "queryCoord": {"distPullInterval": 100, "checkSegmentInterval": 100, "checkChannelInterval": 100},
}

_UNPACK = "import sys, milvus; milvus._initialize_data_files(sys.argv[1])"

# Not by the package's own launcher, which leaves the server behind when it is killed.
_RUN = r"""
import json, os, pathlib, re, sys
from milvus import MilvusServerConfig
home, binaries, port, intervals = sys.argv[1:]
MilvusServerConfig(data_dir=home, proxy_port=int(port)).resolve()
os.chdir(home)
written = pathlib.Path("configs/milvus.yaml")
text = written.read_text()
for section, settings in json.loads(intervals).items():
    for name, value in settings.items():
        text = re.sub(rf"(?m)^  {name}:.*\n", "", text)
        text = re.sub(rf"(?m)^{section}:.*\n", f"{section}:\n  {name}: {value}\n", text)
written.write_text(text)
os.execv(f"{binaries}/milvus", ["milvus", "run", "standalone"])
"""


class Milvus(Engine):
    """One Milvus with data of its own, in one process."""

    name = "milvus"
    startup_seconds = 180

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self._site: Path | None = None

    def _find(self, *, fetch: bool) -> None:
        if sys.platform != "linux" or platform.machine() != "x86_64":
            raise UnavailableError("its package has a server for Linux on x86_64 only")
        tried = subprocess.run(
            [sys.executable, "-c", "import private_network; private_network.enter()"],
            cwd=Path(private_network.__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
        if tried.returncode:
            raise UnavailableError(f"it needs a network of its own: {tried.stderr.strip().splitlines()[-1]}")
        self._site = packages.wheels("milvus", [f"milvus=={VERSION}", "setuptools<81"], fetch=fetch)
        if self._site is None:
            raise UnavailableError("not in the cache; starting it would try to fetch it")
        with bootstrap.locked("engines/milvus-unpacked"):
            subprocess.run([sys.executable, "-c", _UNPACK, str(self._unpacked)], env=self._environment(), check=True)
        self.version, self.found = f"Milvus {VERSION}", "PyPI"

    @property
    def _unpacked(self) -> Path:
        return Path(str(self._site)) / "unpacked"

    def _prepare(self, home: Path) -> None:
        del home  # the server makes what it needs

    def _command(self, home: Path, port: int) -> list[str]:
        around = [sys.executable, private_network.__file__, str(port), str(_PORT)]
        server = [
            sys.executable,
            "-c",
            _RUN,
            str(home),
            str(self._unpacked / "bin"),
            str(_PORT),
            json.dumps(_INTERVALS),
        ]
        return [*around, f"http://127.0.0.1:{_HEALTH}/healthz", *server]

    def _environment(self) -> Mapping[str, str]:
        settings = {
            "PYTHONPATH": str(self._site),
            "LD_LIBRARY_PATH": str(self._unpacked / "bin"),
            "DEPLOY_MODE": "STANDALONE",
            "METRICS_PORT": str(_HEALTH),
            "MILVUS_RUN_DIR": str(Path(str(self._home)) / "run"),
        }
        return {**os.environ, **settings}

    def _url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"

    def _probe(self, url: str) -> bool:
        return accepts(url)  # there is nobody to accept until the server says that it is healthy
