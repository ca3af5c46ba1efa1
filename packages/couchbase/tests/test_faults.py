"""A service that is down, hangs, throttles, fails, loses answers or refuses: retried or a typed error in time."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from praison_persist import (
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)
from praison_persist_couchbase import AsyncCouchbaseKnowledgeStore, CouchbaseKnowledgeStore

PASSWORD = "very-s3cret"
TEMPORARY_FAILURE, NO_MEMORY, NOT_SUPPORTED = 0x86, 0x82, 0x83


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def dead() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def store(standin: Any, fresh_prefix: str) -> Iterator[CouchbaseKnowledgeStore]:
    """A store with a collection of one document."""
    with CouchbaseKnowledgeStore(standin.url, collection_prefix=fresh_prefix, timeout=2.0) as opened:
        opened.create_collection("docs", 2)
        opened.insert("docs", [one("a")])
        yield opened


def one(id_: str) -> KnowledgeDocument:
    """A document."""
    return KnowledgeDocument(id_, "text", [1.0, 0.0])


def url_of(port: int) -> str:
    """A cluster at a port of loopback."""
    return f"couchbase://Administrator:{PASSWORD}@127.0.0.1:{port}/tests"


def test_a_cluster_that_is_down_or_hangs_is_given_up_after_the_deadline(dead: int, silent: int) -> None:
    async def listed(port: int) -> None:
        async with AsyncCouchbaseKnowledgeStore(url_of(port), connect_timeout=0.5, max_retries=0) as store:
            await store.list_collections()

    for port in (dead, silent):
        began = time.monotonic()
        with (
            CouchbaseKnowledgeStore(url_of(port), connect_timeout=0.5, max_retries=0) as store,
            pytest.raises(UnavailableError, match="cannot reach") as caught,
        ):
            store.create_collection("docs", 2)
        error = caught.value
        assert (error.backend, error.operation, error.retryable, error.ambiguous) == (
            "couchbase", "create_collection", True, False
        )  # fmt: skip
        assert PASSWORD not in str(error) + repr(store) + repr(store._location) + repr(store._engine)
        with pytest.raises(UnavailableError, match="cannot reach"):
            asyncio.run(listed(port))
        assert time.monotonic() - began < 5


def test_a_cluster_that_is_down_fails_within_five_seconds_by_default(dead: int) -> None:
    began = time.monotonic()
    with CouchbaseKnowledgeStore(url_of(dead)) as store, pytest.raises(UnavailableError):
        store.list_collections()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("on", ["get", "add", "query"])
def test_what_hangs_is_given_up(standin: Any, store: CouchbaseKnowledgeStore, on: str) -> None:
    standin.fail(on, sleep=3.0)
    began = time.monotonic()
    with pytest.raises(OperationTimeoutError) as caught:
        {
            "get": lambda: store.get("docs", ["a"]),
            "add": lambda: store.insert("docs", [one("b")]),
            "query": lambda: store.search("docs", [1, 0]),
        }[on]()
    assert caught.value.ambiguous is (on == "add")
    assert time.monotonic() - began < 6
    assert standin.met


@pytest.mark.parametrize(
    ("on", "fault"),
    [
        ("add", {"status": TEMPORARY_FAILURE, "times": 2}),
        ("set", {"status": TEMPORARY_FAILURE}),
        ("get", {"status": TEMPORARY_FAILURE}),
        ("set", {"cut": True}),
        ("set", {"lose": True}),
        ("get", {"cut": True}),
        ("query", {"status": 503, "code": 1181, "message": "request queue full", "times": 2}),
        ("query", {"status": 500}),
        ("query", {"cut": True}),
    ],
)
def test_a_passing_failure_is_not_noticed(
    standin: Any, store: CouchbaseKnowledgeStore, on: str, fault: dict[str, Any]
) -> None:
    standin.fail(on, **fault)
    store.insert("docs", [one("b")])
    store.upsert("docs", [one("b"), one("c")])
    assert {found.id for found in store.search("docs", [1, 0])} == {"a", "b", "c"}
    assert {found.id for found in store.get("docs", ["a", "b"])} == {"a", "b"}
    assert store.delete("docs", ["b"]) == 1
    assert standin.met


def test_asynchronous_operations_are_repeated_likewise(standin: Any, fresh_prefix: str) -> None:
    async def used() -> list[str]:
        async with AsyncCouchbaseKnowledgeStore(standin.url, collection_prefix=fresh_prefix, timeout=2.0) as store:
            await store.create_collection("docs", 2)
            standin.fail("set", lose=True)
            standin.fail("query", status=503, code=1181)
            await store.upsert("docs", [one("a")])
            return [found.id for found in await store.search("docs", [1, 0])]

    assert asyncio.run(used()) == ["a"]
    assert standin.met


def test_an_insert_whose_answer_is_lost_is_ambiguous_and_taken_back(
    standin: Any, store: CouchbaseKnowledgeStore
) -> None:
    standin.fail("add", lose=True, skip=1)
    with pytest.raises(UnavailableError) as caught:
        store.insert("docs", [one("b"), one("c"), one("d")])
    assert caught.value.ambiguous
    assert [found.id for found in store.iter_documents("docs")] == ["a"]
    store.insert("docs", [one("b"), one("c"), one("d")])


def test_an_insert_that_meets_an_id_half_way_is_taken_back(store: CouchbaseKnowledgeStore) -> None:
    store.insert("docs", [one("m")])
    with pytest.raises(AlreadyExistsError, match="'m'"):
        store.insert("docs", [one("b"), one("m"), one("z")])
    assert [found.id for found in store.iter_documents("docs")] == ["a", "m"]


def test_a_refused_query_is_told_without_what_was_asked(standin: Any, store: CouchbaseKnowledgeStore) -> None:
    standin.fail("query", status=401, code=13014, message=f"User with {PASSWORD} may not do this")
    with pytest.raises(ConfigurationError) as caught:
        store.search("docs", [1, 0], filters={"secret": "value"})
    assert PASSWORD not in str(caught.value)
    assert "SELECT" not in str(caught.value)
    assert not caught.value.retryable


def test_a_wrong_password_and_a_missing_bucket_are_told(standin: Any) -> None:
    began = time.monotonic()
    for options in ({"password": "an-old-one"}, {"bucket_name": "nobody"}):
        with CouchbaseKnowledgeStore(standin.url, **options) as store, pytest.raises(ConfigurationError) as caught:
            store.list_collections()
        assert "an-old-one" not in str(caught.value)
    assert time.monotonic() - began < 5


def test_a_document_that_couchbase_does_not_take_is_refused(standin: Any, store: CouchbaseKnowledgeStore) -> None:
    large = KnowledgeDocument("large", "x" * (20 * 1024 * 1024), [1.0, 0.0])
    with pytest.raises(InvalidInputError, match="20971520"):
        store.upsert("docs", [one("b"), large])
    assert store.count("docs") == 1


def test_another_store_that_deletes_the_collection_is_noticed(standin: Any, store: CouchbaseKnowledgeStore) -> None:
    with CouchbaseKnowledgeStore(standin.url, collection_prefix=store._prefix) as other:
        other.delete_collection("docs")
        other.create_collection("docs", 3)
    for use in (lambda: store.search("docs", [1, 0]), lambda: store.get("docs", ["a"]), lambda: store.count("docs")):
        try:
            use()
        except (NotFoundError, InvalidInputError):
            break
    else:
        pytest.fail("it was not noticed")
    assert store.describe_collection("docs").dimension == 3


def test_no_acknowledged_document_is_lost_when_the_node_is_killed_in_mid_insert(couchbase_engine: Any) -> None:
    acknowledged: list[str] = []
    options: dict[str, Any] = {"durability": "majority_and_persist_to_active", "timeout": 2.0, "connect_timeout": 2.0}
    with CouchbaseKnowledgeStore(couchbase_engine.url, **options) as store:
        store.create_collection("docs", 2)
        killer = threading.Timer(0.7, couchbase_engine.kill)
        killer.start()
        try:
            for number in range(100_000):
                store.insert("docs", [KnowledgeDocument(f"d{number}", "x", [1.0, float(number)])])
                acknowledged.append(f"d{number}")
        except PersistError as error:
            assert isinstance(error, UnavailableError)  # noqa: PT017 - which insert meets the kill is not known
        killer.join()
    couchbase_engine.restart()
    assert acknowledged
    with CouchbaseKnowledgeStore(couchbase_engine.url, **options) as store:
        assert {document.id for document in store.iter_documents("docs")} >= set(acknowledged)
        with pytest.raises(AlreadyExistsError):
            store.insert("docs", [one(acknowledged[-1])])
