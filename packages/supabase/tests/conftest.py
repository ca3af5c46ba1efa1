"""A Supabase project for the tests: the stand-in of this package over a database of the test run's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from engines import system

from praison_persist_supabase import SupabaseConversationStore

STANDIN = Path(__file__).parent / "standin"


@dataclass
class Project:
    """One project.

    Attributes:
        url: of the API.
        database: URL of its PostgreSQL, as its owner.
    """

    url: str
    database: str
    secret: str = field(repr=False)

    def key(self, role: str, **claims: Any) -> str:
        """A key as the dashboard shows it: a signed JWT."""
        parts = [
            _encode(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, {"role": role, **claims})
        ]
        signed = ".".join(parts)
        return f"{signed}.{_encode(hmac.digest(self.secret.encode(), signed.encode(), hashlib.sha256))}"

    def run_sql(self, script: str) -> None:
        """What the owner does in the SQL editor."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(script)  # type: ignore[arg-type]

    def store(self, prefix: str, **options: Any) -> SupabaseConversationStore:
        """A store with the service role's key; the schema is created first."""
        self.run_sql(SupabaseConversationStore.schema_sql(table_prefix=prefix))
        options = {"key": self.key("service_role"), "table_prefix": prefix, "retry_delay": 0.05, **options}
        return SupabaseConversationStore(self.url, **options)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class StandIn:
    """The stand-in's process, to kill and start again."""

    def __init__(self, database: str) -> None:
        self.port = system.free_port()
        self.project = Project(f"http://127.0.0.1:{self.port}", database, secrets.token_hex(32))
        self.process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        words = ["--port", str(self.port), "--database", self.project.database, "--secret", self.project.secret]
        command = [sys.executable, str(STANDIN), *words]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.communicate()


@contextmanager
def _running(database: str) -> Iterator[StandIn]:
    standin = StandIn(database)
    try:
        yield standin
    finally:
        standin.kill()


@pytest.fixture(scope="session")
def project(database_url: str) -> Iterator[Project]:
    """A project for all tests; each uses a prefix of its own."""
    with _running(database_url) as standin:
        yield standin.project


@pytest.fixture
def standin(database_url: str) -> Iterator[StandIn]:
    """A project of the test's own, whose API may be killed."""
    with _running(database_url) as running:
        yield running


@pytest.fixture
def project_on() -> Iterator[Callable[[str], Project]]:
    """Makes a project on a given database."""
    made: list[StandIn] = []

    def make(database: str) -> Project:
        made.append(StandIn(database))
        return made[-1].project

    yield make
    for one in made:
        one.kill()
