"""Servers for the tests of this package: a stand-in of the test's own, and a proxy before one that fails as told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from praison_persist_pinecone import PineconeKnowledgeStore
from praison_persist_testkit.faults import ServerProcess
from praison_persist_testkit.proxy import FailingProxy

KEY = "pcsk_very-s3cret"


class Standin(ServerProcess):
    """The stand-in on its own options; ``url`` holds the key."""

    def __init__(self, *options: str) -> None:
        program = [sys.executable, str(Path(__file__).parent / "standin"), "--key", KEY, *options]
        super().__init__(lambda port: [*program, "--port", str(port)])
        self.url = f"http://{KEY}@127.0.0.1:{self.port}"


@pytest.fixture
def make_pinecone() -> Iterator[Callable[..., Standin]]:
    """Start a stand-in with options."""
    made: list[Standin] = []

    def make(*options: str) -> Standin:
        made.append(Standin(*options))
        return made[-1]

    yield make
    for standin in made:
        standin.kill()


class Proxy(FailingProxy):
    """Before a stand-in; ``url`` is of the proxy, with the key."""

    def __init__(self, behind: int) -> None:
        super().__init__(behind)
        self.url = f"http://{KEY}@127.0.0.1:{self.port}"

    def refuse(
        self, path: str, status: int, message: str = "no", *, times: int = 1, after: int = 0, **headers: str
    ) -> None:
        """Answer with this status; let the first ``after`` requests pass."""
        data = f'{{"error":{{"code":"X","message":"{message}"}},"status":{status}}}'.encode()
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        self.answer(path, data, status=status, headers=named, times=times, after=after)


@pytest.fixture(scope="session")
def behind_proxies() -> Iterator[Standin]:
    """The stand-in that all proxies pass requests on to."""
    standin = Standin()
    yield standin
    standin.kill()


@pytest.fixture
def proxy(behind_proxies: Standin) -> Iterator[Proxy]:
    """A proxy before a stand-in that has no index but the test's."""
    made = Proxy(behind_proxies.port)
    yield made
    made.stop()
    with PineconeKnowledgeStore(behind_proxies.url) as store:
        for name in store.list_collections():
            store.delete_collection(name)
