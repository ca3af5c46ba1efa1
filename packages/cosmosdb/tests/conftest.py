"""Servers for the tests of this package: a stand-in of the test's own, and a proxy before one that fails as told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from praison_persist_cosmosdb import CosmosDBKnowledgeStore
from praison_persist_testkit.faults import ServerProcess
from praison_persist_testkit.proxy import FailingProxy

KEY = "dmVyeS1zM2NyZXQ="


class Standin(ServerProcess):
    """The stand-in on its own options; ``url`` holds the key."""

    def __init__(self, *options: str) -> None:
        program = [sys.executable, str(Path(__file__).parent / "standin"), "--key", KEY, *options]
        super().__init__(lambda port: [*program, "--port", str(port)])
        self.url = f"http://:{KEY}@127.0.0.1:{self.port}"


@pytest.fixture
def make_cosmosdb() -> Iterator[Callable[..., Standin]]:
    """Start a stand-in with options."""
    made: list[Standin] = []

    def make(*options: str) -> Standin:
        made.append(Standin(*options))
        return made[-1]

    yield make
    for standin in made:
        standin.kill()


class Proxy(FailingProxy):
    """A proxy that tells apart what Cosmos DB's client asks for: ``query``, ``batch``, or method and kind of resource.

    Attributes:
        url: of it, with the key.
    """

    def __init__(self, behind: int) -> None:
        super().__init__(behind, _name)
        self.url = f"http://:{KEY}@127.0.0.1:{self.port}"

    def refuse(
        self, request: str, status: int, message: str = "no", *, times: int = 1, after: int = 0, **headers: str
    ) -> None:
        """Answer with this status; let the first ``after`` requests pass."""
        data = json.dumps({"code": "X", "message": message}).encode()
        named = {"x-ms-" + name.replace("_", "-"): value for name, value in headers.items()}
        self.answer(request, data, status=status, headers=named, times=times, after=after)


def _name(method: str, path: str, headers: Any) -> str:
    if headers.get("x-ms-documentdb-isquery"):
        return "query"
    if headers.get("x-ms-cosmos-is-batch-request"):
        return "batch"
    parts = path.strip("/").split("/")
    kind = (parts[-1] if len(parts) % 2 else parts[-2]) or "account"
    return f"{method} {kind}"


@pytest.fixture(scope="session")
def behind_proxies() -> Iterator[Standin]:
    """The stand-in that all proxies pass requests on to."""
    standin = Standin()
    yield standin
    standin.kill()


@pytest.fixture
def proxy(behind_proxies: Standin) -> Iterator[Proxy]:
    """A proxy before a stand-in that has no container but the test's."""
    made = Proxy(behind_proxies.port)
    yield made
    made.stop()
    with CosmosDBKnowledgeStore(behind_proxies.url) as store:
        for name in store.list_collections():
            store.delete_collection(name)
