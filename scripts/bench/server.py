"""Servers for one run: those that the environment names, else started for it; PostgreSQL with a database of its own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from engines import EngineError, create

from .cli import SuiteSkippedError


@contextmanager
def running(name: str) -> Iterator[str]:
    """The URL of a running engine.

    Raises:
        SuiteSkippedError: it cannot be had here.
    """
    engine = create(name)
    try:
        url = engine.start()
    except EngineError as reason:
        raise SuiteSkippedError(str(reason)) from reason
    try:
        yield url
    finally:
        engine.stop()


@contextmanager
def database() -> Iterator[str]:
    """The URL of a new, empty PostgreSQL database, dropped afterwards; errors as `running`."""
    name = f"bench_{secrets.token_hex(6)}"
    with running("postgres") as url:
        _execute(url, f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            _execute(url, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(url: str, statement: Any) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
