"""Weaviate: a server binary where it is on PATH, else built from its Go module, once, which takes minutes."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from . import packages, system
from .engine import Engine, UnavailableError

VERSION = "1.35.2"
MODULE = "github.com/weaviate/weaviate/cmd/weaviate-server"


class Weaviate(Engine):
    """One Weaviate with empty storage of its own, a cluster of one node; its URL names the gRPC port as well."""

    name = "weaviate"
    slow_to_fetch = True

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self._binary: Path | None = None
        self._ports: dict[str, int] = {}

    def _find(self, *, fetch: bool) -> None:
        on_path = shutil.which("weaviate-server") or shutil.which("weaviate")
        if on_path is not None:
            out = subprocess.run([on_path, "--version"], capture_output=True, text=True, check=False)
            self._binary, self.found = Path(on_path), f"on PATH: {on_path}"
            self.version = out.stdout.strip() or "Weaviate"
            return
        folder = packages.go(MODULE, VERSION, fetch=fetch)
        if folder is None:
            raise UnavailableError("not on PATH and not in the cache; starting it would try to build it")
        self._binary, self.version = folder / "weaviate-server", f"Weaviate {VERSION}"
        self.found = "built from its Go module"

    def _prepare(self, home: Path) -> None:
        (home / "data").mkdir()
        names = ("GRPC_PORT", "CLUSTER_GOSSIP_BIND_PORT", "RAFT_PORT", "RAFT_INTERNAL_RPC_PORT", "GO_PROFILING_PORT")
        self._ports = {name: system.free_port() for name in names}
        gossip = self._ports["CLUSTER_GOSSIP_BIND_PORT"]
        self._ports["CLUSTER_DATA_BIND_PORT"] = gossip + 1  # Weaviate insists on that

    def _command(self, home: Path, port: int) -> list[str]:
        del home
        return [str(self._binary), "--host", "127.0.0.1", "--port", str(port), "--scheme", "http"]

    def _environment(self) -> Mapping[str, str]:
        settings = {
            "PERSISTENCE_DATA_PATH": str(Path(str(self._home)) / "data"),
            "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "true",
            "CLUSTER_HOSTNAME": "node",
            "CLUSTER_ADVERTISE_ADDR": "127.0.0.1",
            "RAFT_BOOTSTRAP_EXPECT": "1",
            "DISABLE_TELEMETRY": "true",
            "LOG_LEVEL": "warning",
            "GOMAXPROCS": str(os.cpu_count() or 1),
        }
        return {**os.environ, **settings, **{name: str(port) for name, port in self._ports.items()}}

    def _url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}?grpc_port={self._ports['GRPC_PORT']}"

    def _probe(self, url: str) -> bool:
        # No proxy between us and this machine, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            return opener.open(f"{url.partition('?')[0]}/v1/.well-known/ready", timeout=2).status == 200
        except OSError:
            return False
