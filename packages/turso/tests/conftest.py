"""Servers of a test's own, and databases as PraisonAI left them."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

STANDIN = Path(__file__).parent / "standin"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's own database is not ours to fill."""
    monkeypatch.delenv("TURSO_DATABASE_URL", raising=False)
    monkeypatch.delenv("TURSO_AUTH_TOKEN", raising=False)


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts the stand-in with these command line arguments; its URL."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        database = tmp_path / f"server{len(started)}.db"
        command = [sys.executable, str(STANDIN), "--port", str(port), "--database", str(database), *arguments]
        started.append(subprocess.Popen(command))
        url = f"http://127.0.0.1:{port}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _ in range(600):
            try:
                opener.open(f"{url}/v3", timeout=2).close()
            except (OSError, urllib.error.URLError):
                time.sleep(0.05)
            else:
                return url
        raise TimeoutError("the stand-in does not answer")

    yield start
    for process in started:
        process.kill()
        process.wait()
