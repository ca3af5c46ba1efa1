"""Upstash Vector for the tests: the stand-in in a process of its own, and a proxy before one that fails as told."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from praison_persist_testkit.faults import ServerProcess
from praison_persist_testkit.proxy import FailingProxy

TOKEN = "ABcF-very-s3cret"


class VectorStandin(ServerProcess):
    """The stand-in on its own options, to kill and restart.

    Attributes:
        token: that it lets in.
    """

    token = TOKEN

    def __init__(self, *options: str) -> None:
        program = [sys.executable, str(Path(__file__).parent / "standin"), "--token", TOKEN, *options]
        super().__init__(lambda port: [*program, "--port", str(port)])

    def url(self, index: str = "2-cosine") -> str:
        """Of an index, by dimension and metric."""
        return f"http://127.0.0.1:{self.port}/{index}"


_NAME = "PRAISON_PERSIST_TEST_UPSTASH_VECTOR_"


@pytest.fixture(scope="session")
def vectors() -> Iterator[VectorStandin]:
    """The stand-in; nobody may kill it."""
    standin = VectorStandin()
    yield standin
    standin.kill()


@pytest.fixture
def make_vectors() -> Iterator[Callable[..., VectorStandin]]:
    """Start a stand-in with options."""
    made: list[VectorStandin] = []

    def make(*options: str) -> VectorStandin:
        made.append(VectorStandin(*options))
        return made[-1]

    yield make
    for standin in made:
        standin.kill()


@pytest.fixture
def index_url(vectors: VectorStandin) -> Callable[[int, str], tuple[str, str | None]]:
    """URL and token of an index by dimension and metric: one of Upstash's own where the environment names some."""

    def find(dimension: int, metric: str) -> tuple[str, str | None]:
        if not any(name.startswith(_NAME) for name in os.environ):
            return vectors.url(f"{dimension}-{metric}"), vectors.token
        url = os.environ.get(f"{_NAME}{dimension}_{metric.upper()}")
        if not url:
            pytest.skip(f"{_NAME}{dimension}_{metric.upper()} names no index")
        return url, None

    return find


class Proxy(FailingProxy):
    """Before an index; requests are called by their operation, such as ``upsert``, and ``url`` is of the index."""

    def __init__(self, behind: int) -> None:
        super().__init__(behind, lambda _method, path, _headers: path.split("/")[2])
        self.url = f"http://127.0.0.1:{self.port}/2-cosine.{uuid.uuid4().hex}"

    def refuse(
        self, operation: str, status: int, message: str = "no", *, times: int = 1, after: int = 0, **headers: str
    ) -> None:
        """Answer with this status; let the first ``after`` requests pass."""
        data = f'{{"error":"{message}","status":{status}}}'.encode()
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        self.answer(operation, data, status=status, headers=named, times=times, after=after)


@pytest.fixture
def proxy(vectors: VectorStandin) -> Iterator[Proxy]:
    """A proxy before an index of the test's own."""
    made = Proxy(vectors.port)
    yield made
    made.stop()
