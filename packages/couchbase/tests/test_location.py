"""Where a store looks for Couchbase, and what it is given."""

from __future__ import annotations

from typing import Any

import pytest

from praison_persist import ConfigurationError, PersistError
from praison_persist_couchbase import CouchbaseKnowledgeStore
from praison_persist_couchbase.location import Location

ARGUMENTS = ("connection_string", "username", "password", "bucket_name", "scope_name", "collection_name")


def of(url: str | None = None, **given: Any) -> Location:
    """The location of these arguments."""
    return Location.of(url, **{**dict.fromkeys(ARGUMENTS), **given})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("couchbase://localhost", "Administrator", "", "praisonai", "_default", "vectors")),
        (
            {"url": "couchbase://ada:p%40ss@h1:11210,h2/b/s/c?compression=off"},
            ("couchbase://h1:11210,h2?compression=off", "ada", "p@ss", "b", "s", "c"),
        ),
        (
            {"connection_string": "couchbases://cb.x.cloud.couchbase.com", "username": "u", "password": "p"},
            ("couchbases://cb.x.cloud.couchbase.com", "u", "p", "praisonai", "_default", "vectors"),
        ),
        (
            {"url": "couchbase://u:old@[::1]/b/s", "password": "new", "bucket_name": "x", "collection_name": "y"},
            ("couchbase://[::1]", "u", "new", "x", "s", "y"),
        ),
    ],
)
def test_arguments_come_before_the_url(given: dict[str, Any], expected: tuple[str, ...]) -> None:
    found = of(**given)
    assert (
        found.connection_string, found.username, found.password, found.bucket, found.scope, found.collection
    ) == expected  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [
        {"url": "postgres://localhost/b"},
        {"url": "couchbase+x://localhost"},
        {"url": "couchbase://h/b/s/c/d"},
        {"url": "couchbase://h", "connection_string": "couchbase://other"},
        {"scope_name": "_mine"},
        {"collection_name": "a`b"},
        {"bucket_name": "a b"},
        {"text_field": "a.b"},
        {"text_field": "embedding"},
        {"vector_field": "metadata"},
        {"durability": "some"},
        {"index_name": "a`b"},
        {"timeout": 0},
    ],
)
def test_what_couchbase_does_not_take_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(PersistError) as caught:
        CouchbaseKnowledgeStore(**given)
    assert caught.value.backend == "couchbase"


def test_no_secret_is_shown() -> None:
    for store in (
        CouchbaseKnowledgeStore("couchbase://ada:s3cret@h/b?truststorepath=x"),
        CouchbaseKnowledgeStore(password="s3cret"),
    ):
        shown = repr(store) + repr(store._location) + str(store._location) + repr(vars(store._engine))
        assert "s3cret" not in shown
    with pytest.raises(ConfigurationError) as caught:
        CouchbaseKnowledgeStore("couchbase://ada:s3cret@h/a/b/c/d")
    assert "s3cret" not in str(caught.value)


def test_praisonais_arguments_are_taken() -> None:
    store = CouchbaseKnowledgeStore(
        connection_string="couchbase://localhost",
        username="Administrator",
        password="",
        bucket_name="praisonai",
        scope_name="_default",
        collection_name="vectors",
        index_name="vector_index",
        vector_field="embedding",
        text_field="content",
        embedding_dim=1536,
    )
    assert str(store._location) == "couchbase://localhost/praisonai/_default/vectors"
