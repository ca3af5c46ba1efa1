"""Fixtures for all packages: real engines by URL, and a closing report of which ran and which were skipped, and why.

Starts engines only when a test asks for one; knows nothing of the packages under test.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

sys.path.append(str(Path(__file__).parent / "scripts"))

from engines import Engine, EngineError, create
from model_server import ModelServer

REQUIRED = os.environ.get("PRAISON_PERSIST_REQUIRE_ENGINES") == "1"

_USED = pytest.StashKey["dict[str, str]"]()
_MISSING = pytest.StashKey["dict[str, str]"]()


def pytest_configure(config: pytest.Config) -> None:
    """Room for the report."""
    config.stash[_USED] = {}
    config.stash[_MISSING] = {}


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


@pytest.fixture(scope="session")
def postgres_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """A PostgreSQL with pgvector, database ``postgres``, as its superuser."""
    for engine in _running("postgres", pytestconfig):
        yield engine.url


@pytest.fixture(scope="session")
def postgres_debian_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """An older PostgreSQL, without pgvector, whose text order is a language's, not that of code points."""
    for engine in _running("postgres-debian", pytestconfig):
        yield engine.url


@pytest.fixture(scope="session")
def pgbouncer_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """A pooler in transaction mode before a PostgreSQL, database ``postgres``, as its superuser."""
    for engine in _running("pgbouncer", pytestconfig):
        yield engine.url


@pytest.fixture(scope="session")
def qdrant_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """A Qdrant over HTTP: a real one when given or on PATH, else the stand-in."""
    for engine in _running("qdrant", pytestconfig):
        yield engine.url


@pytest.fixture(scope="session")
def redis_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """A Redis server, database 0, without a password."""
    for engine in _running("redis", pytestconfig):
        yield engine.url


@pytest.fixture(scope="session")
def redis_engine(pytestconfig: pytest.Config) -> Iterator[Engine]:
    """A Redis of this test process alone, which keeps every write: ``kill()`` and ``restart()`` disturb nobody else."""
    yield from _running("redis", pytestconfig, own=True)


@pytest.fixture(scope="session")
def redis_cluster_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """A Redis cluster of three masters."""
    for engine in _running("redis-cluster", pytestconfig):
        yield engine.url


@pytest.fixture
def redis_sentinel(pytestconfig: pytest.Config) -> Iterator[Engine]:
    """A Sentinel of this test alone; ``servers`` are the master and its replica, to ``kill()``."""
    yield from _running("redis-sentinel", pytestconfig, own=True)


@pytest.fixture(scope="session")
def valkey_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """A Valkey server, database 0, without a password."""
    for engine in _running("valkey", pytestconfig):
        yield engine.url


@pytest.fixture(scope="session")
def valkey_engine(pytestconfig: pytest.Config) -> Iterator[Engine]:
    """A Valkey of this test process alone, which keeps every write; for ``kill()`` and ``restart()``."""
    yield from _running("valkey", pytestconfig, own=True)


@pytest.fixture(scope="session")
def turso_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """A libSQL server over HTTP: a real one when given or on PATH, else the stand-in."""
    for engine in _running("turso", pytestconfig):
        yield engine.url


@pytest.fixture(scope="session")
def turso_engine(pytestconfig: pytest.Config) -> Iterator[Engine]:
    """A libSQL server of this test process alone: ``kill()`` and ``restart()`` disturb nobody else."""
    yield from _running("turso", pytestconfig, own=True)


@pytest.fixture(scope="session")
def surrealdb_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """A SurrealDB server over a WebSocket: a real one when given or on PATH, else the stand-in; as root."""
    for engine in _running("surrealdb", pytestconfig):
        yield engine.url


@pytest.fixture(scope="session")
def surrealdb_engine(pytestconfig: pytest.Config) -> Iterator[Engine]:
    """A SurrealDB server of this test process alone: ``kill()`` and ``restart()`` disturb nobody else."""
    yield from _running("surrealdb", pytestconfig, own=True)


@pytest.fixture(scope="session")
def postgres_engine(pytestconfig: pytest.Config) -> Iterator[Engine]:
    """A PostgreSQL of this test process alone: ``kill()`` and ``restart()`` disturb nobody else."""
    yield from _running("postgres", pytestconfig, own=True)


@pytest.fixture(scope="session")
def mariadb_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """A MariaDB, with a database for tests, as a user who may do anything."""
    for engine in _running("mariadb", pytestconfig):
        yield engine.url


@pytest.fixture(scope="session")
def mysql_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """A MySQL, with a database for tests, as a user who may do anything."""
    for engine in _running("mysql", pytestconfig):
        yield engine.url


@pytest.fixture(scope="session")
def mariadb_engine(pytestconfig: pytest.Config) -> Iterator[Engine]:
    """A MariaDB of this test process alone: ``kill()`` and ``restart()`` disturb nobody else."""
    yield from _running("mariadb", pytestconfig, own=True)


@pytest.fixture(scope="session")
def mysql_engine(pytestconfig: pytest.Config) -> Iterator[Engine]:
    """A MySQL of this test process alone."""
    yield from _running("mysql", pytestconfig, own=True)


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
