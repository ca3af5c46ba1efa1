"""Fixtures for all packages: real engines by URL, and a closing report of which ran and which were skipped, and why.

Starts engines only when a test asks for one; knows nothing of the packages under test.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest

sys.path.append(str(Path(__file__).parent / "scripts"))

from engines import ENGINES, Engine, EngineError, create
from model_server import ModelServer

REQUIRED = os.environ.get("PRAISON_PERSIST_REQUIRE_ENGINES") == "1"

_USED = pytest.StashKey["dict[str, str]"]()
_MISSING = pytest.StashKey["dict[str, str]"]()


def pytest_configure(config: pytest.Config) -> None:
    """Room for the report."""
    config.stash[_USED] = {}
    config.stash[_MISSING] = {}


_LONG = (
    "tests/",
    *(f"packages/{name}/" for name in ("cassandra", "weaviate", "milvus", "clickhouse", "chroma", "lancedb", "qdrant")),
    *(f"packages/{name}/" for name in ("langchain", "couchbase", "pinecone", "cosmosdb", "surrealdb", "dynamodb")),
    *(f"packages/{name}/" for name in ("firestore", "upstash", "cli")),
)
"""Where few tests take long. Parallel runs begin with them: at the end no worker is left alone with one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order for `_LONG`; whoever runs in parallel says ``--no-loadscope-reorder``, or xdist has an order of its own."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


def _running(name: str, config: pytest.Config, *, own: bool = False) -> Iterator[Engine]:
    """The engine while it runs; without it the test is skipped with the reason, or fails where engines are required."""
    engine = create(name, own=own)
    reason = ""
    try:
        engine.start()
    except EngineError as exc:
        reason = config.stash[_MISSING][name] = str(exc)
    if reason and REQUIRED:
        pytest.fail(f"{name}: {reason} (and PRAISON_PERSIST_REQUIRE_ENGINES=1)", pytrace=False)
    if reason:
        pytest.skip(f"{name}: {reason}")
    config.stash[_USED][name] = engine.describe()
    try:
        yield engine
    finally:
        engine.stop()


def _url_fixture(name: str) -> Callable[..., Iterator[str]]:
    def url(pytestconfig: pytest.Config) -> Iterator[str]:
        for engine in _running(name, pytestconfig):
            yield engine.url

    return pytest.fixture(scope="session", name=f"{_identifier(name)}_url")(url)


def _engine_fixture(name: str, scope: Literal["session", "function"] = "session") -> Callable[..., Iterator[Engine]]:
    def engine(pytestconfig: pytest.Config) -> Iterator[Engine]:
        yield from _running(name, pytestconfig, own=True)

    return pytest.fixture(scope=scope, name=f"{_identifier(name)}_engine")(engine)


def _identifier(name: str) -> str:
    return name.replace("-", "_")


# Of each engine: NAME_url, a server shared by all tests, and NAME_engine, one of this test process alone, so that
# ``kill()`` and ``restart()`` disturb nobody else.
for _name in ENGINES:
    globals()[f"_{_identifier(_name)}_url"] = _url_fixture(_name)
    globals()[f"_{_identifier(_name)}_engine"] = _engine_fixture(
        _name, "function" if _name == "redis-sentinel" else "session"
    )


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """An OpenAI-compatible server of this test alone, which agents find through the environment."""
    with ModelServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_BASE", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
        yield server


@pytest.fixture
def fresh_prefix() -> str:
    """A prefix for tables, collections or keys that no other test uses; a valid identifier."""
    return f"t_{secrets.token_hex(6)}_"


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port on 127.0.0.1 that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def dead_port() -> int:
    """A port on 127.0.0.1 where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


# The closing report. Under xdist the workers start engines, and the controller prints.


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's part of the report over."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["engines_used"] = session.config.stash[_USED]
        output["engines_missing"] = session.config.stash[_MISSING]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take a worker's part of the report."""
    output: dict[str, Any] = getattr(node, "workeroutput", {})
    node.config.stash[_USED].update(output.get("engines_used", {}))
    node.config.stash[_MISSING].update(output.get("engines_missing", {}))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the report."""
    used, missing = config.stash[_USED], config.stash[_MISSING]
    if not used and not missing:
        return
    terminalreporter.section("engines")
    for name, about in sorted(used.items()):
        terminalreporter.line(f"{name:<16} {about}")
    word = "MISSING" if REQUIRED else "SKIPPED"
    for name, reason in sorted(missing.items()):
        terminalreporter.line(f"{name:<16} {word}: {reason}", yellow=True)


@contextmanager
def _database(url: str) -> Iterator[str]:
    """A database of this test run alone, so that tests may terminate its backends and create roles."""
    import psycopg  # a contributor without PostgreSQL runs the other tests

    name = f"praison_persist_test_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def database_url(postgres_url: str) -> Iterator[str]:
    """A fresh database on the newest PostgreSQL, as its superuser."""
    with _database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def debian_database_url(postgres_debian_url: str) -> Iterator[str]:
    """A fresh database on the older PostgreSQL, whose text order is a language's."""
    with _database(postgres_debian_url) as url:
        yield url
