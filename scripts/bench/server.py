"""A PostgreSQL database for one run: on the server that the environment names, else on one that is started for it."""

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
def database() -> Iterator[str]:
    """The URL of a new, empty database, dropped afterwards.

    Raises:
        SuiteSkippedError: there is no PostgreSQL here.
    """
    engine = create("postgres")
    try:
        url = engine.start()
    except EngineError as reason:
        raise SuiteSkippedError(str(reason)) from reason
    name = f"bench_{secrets.token_hex(6)}"
    try:
        _execute(url, f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            _execute(url, f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        engine.stop()


def _execute(url: str, statement: Any) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
