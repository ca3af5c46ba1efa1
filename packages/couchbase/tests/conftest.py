"""Servers for the tests of this package: stand-ins of a test's own, which fail as they are told."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "very-s3cret"


class Standin:
    """The stand-in in a process of its own, on its own options.

    Attributes:
        url: of it, with the password.
        port: of its data service.
        http: port of its other services.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"couchbase://Administrator:{PASSWORD}@127.0.0.1:{self.port}/tests"
        told = folder / f"http-{self.port}"
        command = [sys.executable, str(Path(__file__).parent / "standin"), "--port", str(self.port)]
        command += ["--password", PASSWORD, "--bucket", "tests", "--ports", str(told), *options]
        self._process = subprocess.Popen(command)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                break
            except OSError:
                assert self._process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
        self.http = int(told.read_text())

    def fail(self, on: str, **how: Any) -> None:
        """Order a failure; see ``faults.py`` of the stand-in."""
        self._told("faults", json.dumps({"on": on, **how}).encode())

    def change_password(self, password: str) -> None:
        """Let in nobody from now on who has another one."""
        self._told("password", password.encode())

    @property
    def met(self) -> bool:
        """Whether all the ordered failures have happened."""
        return self._told("faults")["left"] == 0

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def _told(self, path: str, body: bytes | None = None) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/{path}", body, timeout=10) as answer:
            return json.load(answer)


@pytest.fixture
def make_couchbase(tmp_path: Path) -> Iterator[Callable[..., Standin]]:
    """Start a stand-in with options."""
    made: list[Standin] = []

    def make(*options: str) -> Standin:
        made.append(Standin(tmp_path, *options))
        return made[-1]

    yield make
    for standin in made:
        standin.stop()


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    """The stand-in of one module, to which failures may be ordered."""
    made = Standin(tmp_path_factory.mktemp("standin"))
    yield made
    made.stop()
