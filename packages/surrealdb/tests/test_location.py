"""URLs and options become a location, or a typed error; nothing is opened and no secret is shown."""

from __future__ import annotations

import os
from typing import Any

import pytest

from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, ConfigurationError, InvalidInputError
from praison_persist_surrealdb.location import DEFAULT_URL, Location

SAME: dict[str, Any] = {
    "namespace": "praisonai",
    "database": "conversations",
    "username": None,
    "password": None,
    "token": None,
    "auth_level": "root",
}


def _location(url: str | None, **options: Any) -> Location:
    return Location.of(url, **{**SAME, **options})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, "ws://localhost:8000"),
        (DEFAULT_URL, "ws://localhost:8000"),
        ("ws://h:1/rpc", "ws://h:1"),
        ("wss://h/rpc/", "wss://h"),
        ("http://h:8000", "ws://h:8000"),
        ("https://h", "wss://h"),
        ("surrealdb://h:8000", "ws://h:8000"),
        ("surrealdb+wss://h", "wss://h"),
        ("surrealdb+https://h", "wss://h"),
        ("ws://[::1]:8000", "ws://[::1]:8000"),
        ("mem://", "mem://"),
        (":memory:", "mem://"),
        ("surrealkv:///var/db", "surrealkv:///var/db"),
        ("file:///var/db", "surrealkv:///var/db"),
        ("surrealkv://data", f"surrealkv://{os.path.abspath('data')}"),  # noqa: PTH100
    ],
)
def test_a_url_names_a_server_or_a_directory(url: str | None, expected: str) -> None:
    assert _location(url).url == expected


@pytest.mark.parametrize(
    ("url", "namespace", "database"),
    [
        ("ws://h", "praisonai", "conversations"),
        ("ws://h/rpc", "praisonai", "conversations"),
        ("ws://h/ns", "ns", "conversations"),
        ("ws://h/ns/db", "ns", "db"),
        ("ws://h/ns/db/rpc", "ns", "db"),
        ("ws://h/my%20ns/d%C3%A9", "my ns", "d\u00e9"),
    ],
)
def test_a_path_names_namespace_and_database(url: str, namespace: str, database: str) -> None:
    location = _location(url)
    assert (location.namespace, location.database) == (namespace, database)


def test_credentials_come_from_the_url_or_the_options_and_are_never_shown() -> None:
    from_url, from_options = (
        _location("ws://ada:p%40ss@h:1"),
        _location("ws://h:1", username="ada", password="p@ss"),
    )
    assert from_url == from_options
    assert from_url.signin == {"username": "ada", "password": "p@ss"}
    assert "p@ss" not in f"{from_url!r}{from_url}{from_url.scrub('bad p@ss, p%40ss')}"
    token = _location("ws://h", token="a.b.c")
    assert (token.token, token.signin) == ("a.b.c", None)
    assert "a.b.c" not in repr(token)


@pytest.mark.parametrize(
    ("level", "expected"),
    [("root", {}), ("namespace", {"namespace": "n"}), ("database", {"namespace": "n", "database": "d"})],
)
def test_a_user_is_defined_somewhere(level: str, expected: dict[str, str]) -> None:
    location = _location("ws://u:p@h/n/d", auth_level=level)
    assert location.signin == {**expected, "username": "u", "password": "p"}


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("postgres://h/d", {}),
        ("surrealdb+tcp://h", {}),
        ("mem+ws://", {}),
        ("ws://", {}),
        ("ws://a,b", {}),
        ("ws://h?x=1", {}),
        ("ws://h/a/b/c", {}),
        ("mem://x", {}),
        ("surrealkv://", {}),
        ("surrealkv://x?versioned=1", {}),
        ("localhost:8000", {}),
        ("ws://u@h", {}),
        ("ws://h", {"username": "u"}),
        ("ws://h", {"password": "s3cret"}),
        ("ws://h", {"username": "u", "password": "s3cret", "token": "t"}),
        ("ws://h", {"auth_level": "cluster"}),
        ("ws://h", {"namespace": ""}),
        ("ws://h", {"database": "a`; REMOVE DATABASE b"}),
        ("ws://h", {"database": "a\\"}),
        ("mem://", {"username": "u", "password": "s3cret"}),
        (5, {}),
    ],
)
def test_anything_else_is_refused_before_it_is_opened(url: Any, options: dict[str, Any]) -> None:
    for registry, name in ((CONVERSATION_STORES, "surrealdb"), (KNOWLEDGE_STORES, "surrealdb_v")):
        with pytest.raises((ConfigurationError, InvalidInputError)) as caught:
            registry.create(name, url=url, **options)
        assert "s3cret" not in str(caught.value)
        assert caught.value.backend in ("surrealdb", "surrealdb_vector")


@pytest.mark.parametrize(
    "options", [{"pool_size": 0}, {"timeout": 0}, {"connect_timeout": -1}, {"max_retries": -1}, {"table_prefix": "a-b"}]
)
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        CONVERSATION_STORES.create("surrealdb", url="mem://", **options)


def test_arguments_of_praisonai_are_taken() -> None:
    user = {"username": "root", "password": "root"}
    url = "ws://localhost:8000/rpc"
    CONVERSATION_STORES.create("surrealdb", url=url, namespace="n", database="d", table_prefix="p_", **user).close()
    KNOWLEDGE_STORES.create("surrealdb_vector", url=url, namespace="n", database="d", embedding_dim=3, **user).close()
