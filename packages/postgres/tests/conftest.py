"""A database of this test run alone on the given server, so that tests may terminate its backends."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest


@contextmanager
def _database(url: str) -> Iterator[str]:
    name = f"praison_persist_test_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def database_url(postgres_url: str) -> Iterator[str]:
    """A fresh database on the newest PostgreSQL."""
    with _database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def debian_database_url(postgres_debian_url: str) -> Iterator[str]:
    """A fresh database on the older PostgreSQL, whose text order is a language's."""
    with _database(postgres_debian_url) as url:
        yield url
