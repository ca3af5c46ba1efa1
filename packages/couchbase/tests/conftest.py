"""Servers for the tests of this package: stand-ins of a test's own, which fail as they are told."""

from __future__ import annotations

import json
import sys
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from praison_persist_testkit.faults import ServerProcess

PASSWORD = "very-s3cret"


class Standin(ServerProcess):
    """The stand-in on its own options.

    Attributes:
        url: of it, with the password.
        port: of its data service.
        http: port of its other services.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        told = folder / uuid.uuid4().hex
        program = [sys.executable, str(Path(__file__).parent / "standin"), "--password", PASSWORD, "--bucket", "tests"]
        super().__init__(lambda port: [*program, "--port", str(port), "--ports", str(told), *options])
        self.url = f"couchbase://Administrator:{PASSWORD}@127.0.0.1:{self.port}/tests"
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
        standin.kill()


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    """The stand-in of one module, to which failures may be ordered."""
    made = Standin(tmp_path_factory.mktemp("standin"))
    yield made
    made.kill()
