"""Both servers, a database of each test's own, and statements on it beside the store."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql
import pytest

Query = Callable[..., list[Any]]


def connect(url: str) -> pymysql.Connection[Any]:
    """PyMySQL alone, in autocommit mode; several statements may be sent at once."""
    parts = urlsplit(url)
    return pymysql.connect(
        host=parts.hostname, port=parts.port or 3306, user=parts.username, password=unquote(parts.password or ""),
        database=parts.path.strip("/"), charset="utf8mb4", autocommit=True,
        client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS,
    )  # fmt: skip


@pytest.fixture(scope="session", params=["mariadb", "mysql"])
def server_url(request: pytest.FixtureRequest) -> str:
    """The URL of either server in turn."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def database_url(server_url: str) -> Iterator[str]:
    """A database of this test alone, so that it can use the default prefix."""
    name = f"praison_persist_test_{secrets.token_hex(6)}"
    with connect(server_url) as connection:
        connection.cursor().execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
        finally:
            connection.cursor().execute(f"DROP DATABASE {name}")


@pytest.fixture
def query(database_url: str) -> Iterator[Query]:
    """Statements on a connection of its own; the rows of the last one."""
    with connect(database_url) as connection:

        def run(sql: str, *params: Any) -> list[Any]:
            cursor = connection.cursor()
            cursor.execute(sql, params or None)
            while cursor.nextset():
                pass
            return list(cursor.fetchall()) if cursor.description else []

        yield run


@pytest.fixture
def connections(query: Query) -> Callable[[], list[int]]:
    """The server's ids of the connections to the test's database, `query`'s own among them."""

    def run() -> list[int]:
        (database,) = query("SELECT DATABASE()")[0]
        # information_schema.processlist fails in MySQL while somebody's statement holds what utf8mb3 does not.
        return [row[0] for row in query("SHOW PROCESSLIST") if row[3] == database]

    return run
