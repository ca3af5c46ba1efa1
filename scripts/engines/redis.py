"""Redis as a single server, a cluster, and under Sentinels: from PATH, or Debian's package unpacked."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from . import packages, system
from .engine import Engine, EngineError, UnavailableError


class Redis(Engine):
    """One Redis with empty storage of its own, which survives the kill of its process when ``durable``."""

    name = "redis"

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self._server = Path()
        self._libraries = ""

    def _find(self, *, fetch: bool) -> None:
        installed = shutil.which("redis-server")
        if installed is not None:
            self._server, self.found = Path(installed), f"on PATH: {installed}"
        else:
            root = packages.debian("redis-server", "usr/bin/redis-check-rdb", fetch=fetch, also=("redis-tools",))
            if root is None:
                raise UnavailableError("not on PATH and not in the cache; starting it would try to fetch it")
            # redis-server is a link to redis-check-rdb, which Debian keeps in redis-tools.
            self._server, self.found = root / "usr/bin/redis-server", "Debian's package, unpacked"
            self._libraries = packages.library_path(root)
        out = subprocess.run(
            [self._server, "--version"], capture_output=True, text=True, check=False, env=self._environment()
        )
        number = re.search(r"v=(\S+)", out.stdout)
        if out.returncode != 0 or number is None:
            raise UnavailableError(f"{self._server} does not run: {out.stderr.strip()}")
        self.version = f"Redis {number[1]}"

    def _prepare(self, home: Path) -> None:
        """Redis makes its own files."""

    def _command(self, home: Path, port: int) -> list[str]:
        durable = ["--appendonly", "yes", "--appendfsync", "everysec"] if self.durable else ["--appendonly", "no"]
        own = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(home), "--save", ""]
        return [str(self._server), *own, *durable]

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, "LD_LIBRARY_PATH": self._libraries} if self._libraries else os.environ

    def _url(self, port: int) -> str:
        return f"redis://127.0.0.1:{port}/0"

    def _probe(self, url: str) -> bool:
        return _ask(url, "PING").startswith(("+PONG", "-NOAUTH"))


class _Node(Redis):
    """One of the three masters of a cluster."""

    def _command(self, home: Path, port: int) -> list[str]:
        self.bus_port = system.free_port()
        cluster = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", str(self.bus_port)]
        return [*super()._command(home, port), *cluster]


class RedisCluster(_Node):
    """Three masters on loopback; this object is the first one."""

    name = "redis-cluster"

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self.others = [_Node(own=True, durable=durable) for _ in range(2)]

    def start(self) -> str:
        if self._process is None and not self._given:
            super().start()
            try:
                self._join()
            except BaseException:
                self.stop()
                raise
        return super().start()

    def stop(self) -> None:
        for node in self.others:
            node.stop()
        super().stop()

    def _url(self, port: int) -> str:
        return f"redis+cluster://127.0.0.1:{port}"

    def _join(self) -> None:
        for node in self.others:
            node.start()
            _must(self.url, f"CLUSTER MEET 127.0.0.1 {urlsplit(node.url).port} {node.bus_port}")
        thirds = [(0, 5460), (5461, 10922), (10923, 16383)]
        for node, (first, last) in zip([self, *self.others], thirds, strict=True):
            _must(node.url, f"CLUSTER ADDSLOTSRANGE {first} {last}")
        deadline = time.monotonic() + 30
        while not all("cluster_state:ok" in _ask(node.url, "CLUSTER INFO") for node in [self, *self.others]):
            if time.monotonic() > deadline:
                raise EngineError("the three nodes did not become a cluster within 30 s")
            time.sleep(0.1)


class RedisSentinel(Redis):
    """One Sentinel that watches a master and its replica; this object is the Sentinel."""

    name = "redis-sentinel"
    master = "praison"

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self.servers = [Redis(own=True, durable=durable) for _ in range(2)]

    def _prepare(self, home: Path) -> None:
        ports = [urlsplit(server.start()).port for server in self.servers]
        _must(self.servers[1].url, f"REPLICAOF 127.0.0.1 {ports[0]}")
        lines = [
            f"sentinel monitor {self.master} 127.0.0.1 {ports[0]} 1",
            f"sentinel down-after-milliseconds {self.master} 500",
            f"sentinel failover-timeout {self.master} 2000",
        ]
        (home / "sentinel.conf").write_text("\n".join(lines) + "\n")

    def stop(self) -> None:
        super().stop()
        for server in self.servers:
            server.stop()

    def _command(self, home: Path, port: int) -> list[str]:
        where = ["--port", str(port), "--bind", "127.0.0.1"]
        return [str(self._server), str(home / "sentinel.conf"), "--sentinel", *where]

    def _url(self, port: int) -> str:
        return f"redis+sentinel://127.0.0.1:{port}/{self.master}/0"

    def _probe(self, url: str) -> bool:
        return "num-slaves\r\n$1\r\n1" in _ask(url, f"SENTINEL MASTER {self.master}")


def _ask(url: str, command: str) -> str:
    """The server's raw answer to an inline command; "" where it does not answer."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "localhost", parts.port or 6379), timeout=2) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(65536).decode(errors="replace")
    except OSError:
        return ""


def _must(url: str, command: str) -> None:
    answer = _ask(url, command)
    if not answer.startswith("+OK"):
        raise EngineError(f"{url} answered {command!r} with {answer.strip()!r}")
