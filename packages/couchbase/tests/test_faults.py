"""A service that is down, hangs, throttles, fails, loses answers or refuses: retried or a typed error in time."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from praison_persist import (
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    NotFoundError,
    OperationTimeoutError,
    UnavailableError,
)
from praison_persist_couchbase import AsyncCouchbaseKnowledgeStore, CouchbaseKnowledgeStore, reading
from praison_persist_testkit.faults import written_through_kills

PASSWORD = "very-s3cret"
ROUNDS = 10 if os.environ.get("PRAISON_PERSIST_FULL") else 2
TEMPORARY_FAILURE, NO_MEMORY, RATE_LIMITED = 0x86, 0x82, 0x30


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


def test_a_cluster_that_is_down_or_hangs_is_given_up_after_the_deadline(dead_port: int, silent_port: int) -> None:
    async def listed(port: int) -> None:
        async with AsyncCouchbaseKnowledgeStore(url_of(port), connect_timeout=0.5, max_retries=0) as store:
            await store.list_collections()

    for port in (dead_port, silent_port):
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


def test_a_cluster_that_is_down_fails_within_five_seconds_by_default(dead_port: int) -> None:
    began = time.monotonic()
    with CouchbaseKnowledgeStore(url_of(dead_port)) as store, pytest.raises(UnavailableError):
        store.list_collections()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("on", ["get", "add", "query"])
def test_what_hangs_is_given_up(standin: Any, store: CouchbaseKnowledgeStore, on: str) -> None:
    with CouchbaseKnowledgeStore(standin.url, collection_prefix=store._prefix, timeout=0.7) as hurried:
        hurried.describe_collection("docs")
        standin.fail(on, sleep=1.2)
        began = time.monotonic()
        with pytest.raises(OperationTimeoutError) as caught:
            {
                "get": lambda: hurried.get("docs", ["a"]),
                "add": lambda: hurried.insert("docs", [one("b")]),
                "query": lambda: hurried.search("docs", [1, 0]),
            }[on]()
        assert caught.value.ambiguous is (on == "add")
        assert time.monotonic() - began < 2
    assert standin.met
    assert store.count("docs") == 1


@pytest.mark.parametrize(
    ("on", "fault"),
    [
        ("add", {"status": TEMPORARY_FAILURE, "times": 2}),
        ("set", {"status": NO_MEMORY}),
        ("set", {"status": RATE_LIMITED, "times": 2}),
        ("get", {"status": TEMPORARY_FAILURE}),
        ("set", {"cut": True}),
        ("set", {"lose": True}),
        ("set", {"half": True}),
        ("get", {"cut": True}),
        ("get", {"half": True}),
        ("delete", {"status": RATE_LIMITED, "skip": 1}),
        ("query", {"status": 503, "code": 1181, "message": "request queue full", "times": 2}),
        ("query", {"status": 429, "code": 1191, "message": "Limit exceeded"}),
        ("query", {"status": 500}),
        ("query", {"cut": True}),
        ("query", {"half": True}),
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
    assert store.delete("docs", ["b", "c"]) == 2
    assert standin.met


@pytest.mark.parametrize(
    ("on", "fault"),
    [
        ("set", {"status": TEMPORARY_FAILURE}),
        ("set", {"status": RATE_LIMITED}),
        ("set", {"cut": True}),
        ("query", {"status": 503, "code": 1181}),
        ("query", {"status": 500, "code": 5000}),
    ],
)
def test_a_lasting_failure_is_told_within_the_deadline(
    make_couchbase: Callable[..., Any], on: str, fault: dict[str, Any]
) -> None:
    standin = make_couchbase()
    with CouchbaseKnowledgeStore(standin.url, timeout=0.7) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [one("a")])
        standin.fail(on, times=10_000, **fault)
        began = time.monotonic()
        with pytest.raises(UnavailableError) as caught:
            {"set": lambda: store.upsert("docs", [one("b")]), "query": lambda: store.search("docs", [1, 0])}[on]()
        assert time.monotonic() - began < 2
        assert caught.value.retryable
        assert [found.id for found in store.get("docs", ["a", "b"])] == ["a"]


def test_a_collection_that_cannot_be_made_is_told(make_couchbase: Callable[..., Any]) -> None:
    standin = make_couchbase()
    for name, fault, expected, ambiguous in (
        ("a", {"status": 500}, None, None),
        ("b", {"status": 403}, ConfigurationError, False),
        ("c", {"sleep": 1.5}, OperationTimeoutError, True),
    ):
        standin.fail("manage", skip=1, **fault)
        with CouchbaseKnowledgeStore(standin.url, collection_name=name, timeout=0.7) as store:
            if expected is None:
                store.setup()
            else:
                with pytest.raises(expected) as caught:
                    store.setup()
                assert caught.value.ambiguous is ambiguous
        assert standin.met


def test_asynchronous_operations_are_repeated_likewise(standin: Any, fresh_prefix: str) -> None:
    async def used() -> list[str]:
        async with AsyncCouchbaseKnowledgeStore(standin.url, collection_prefix=fresh_prefix, timeout=2.0) as store:
            await store.create_collection("docs", 2)
            standin.fail("set", half=True)
            standin.fail("query", status=503, code=1181)
            await store.upsert("docs", [one("a")])
            found = [each.id for each in await store.search("docs", [1, 0])]
            standin.fail("add", lose=True, skip=1)
            with pytest.raises(UnavailableError) as caught:
                await store.insert("docs", [one("b"), one("c"), one("d")])
            assert caught.value.ambiguous
            return found + [each.id async for each in store.iter_documents("docs")]

    assert asyncio.run(used()) == ["a", "a"]
    assert standin.met


@pytest.mark.parametrize(
    "faults",
    [
        [{"lose": True, "skip": 1}],
        [{"half": True, "skip": 1}],
        [{"status": RATE_LIMITED, "skip": 1}, {"lose": True}],  # the throttled one must not be repeated with the other
    ],
)
def test_an_insert_whose_answer_is_lost_is_ambiguous_and_taken_back(
    standin: Any, store: CouchbaseKnowledgeStore, faults: list[dict[str, Any]]
) -> None:
    for fault in faults:
        standin.fail("add", **fault)
    with pytest.raises(UnavailableError) as caught:
        store.insert("docs", [one("b"), one("c"), one("d")])
    assert caught.value.ambiguous
    assert standin.met
    assert [found.id for found in store.iter_documents("docs")] == ["a"]
    store.insert("docs", [one("b"), one("c"), one("d")])


def test_what_is_done_only_in_part_is_told(
    standin: Any, store: CouchbaseKnowledgeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_REMOVED", 2)
    with CouchbaseKnowledgeStore(standin.url, collection_prefix=store._prefix, max_retries=0) as hasty:
        hasty.upsert("docs", [one("b"), one("c"), one("d")])
        for on, fault, use, left in (
            ("set", {"status": RATE_LIMITED}, lambda: hasty.upsert("docs", [one("e"), one("f")]), 5),
            ("delete", {"status": RATE_LIMITED}, lambda: hasty.delete("docs", ["e", "d"]), 4),
            ("query", {"status": 500}, lambda: hasty.delete("docs", all=True), 2),
        ):
            standin.fail(on, skip=1, **fault)
            with pytest.raises(UnavailableError) as caught:
                use()
            assert caught.value.ambiguous
            assert standin.met
            assert hasty.count("docs") == left


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


def test_a_password_that_expires_is_told(make_couchbase: Callable[..., Any]) -> None:
    standin = make_couchbase()
    with CouchbaseKnowledgeStore(standin.url, timeout=0.7) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [one("a")])
        standin.change_password("another")
        with pytest.raises(ConfigurationError, match="refused user 'Administrator' or the password") as caught:
            store.search("docs", [1, 0])
        assert PASSWORD not in str(caught.value)
        standin.fail("set", cut=True)  # the client connects again, in vain
        with pytest.raises(OperationTimeoutError, match="refuse the user"):
            store.upsert("docs", [one("b")])
        standin.change_password(PASSWORD)
        assert [found.id for found in store.get("docs", ["a", "b"])] == ["a"]


def test_a_document_that_couchbase_does_not_take_is_refused(standin: Any, store: CouchbaseKnowledgeStore) -> None:
    large = KnowledgeDocument("large", "x" * (20 * 1024 * 1024), [1.0, 0.0])
    with pytest.raises(InvalidInputError, match="20971520"):
        store.upsert("docs", [one("b"), large])
    assert store.count("docs") == 1


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.search("docs", [1, 0]),
        lambda store: store.get("docs", ["a"]),
        lambda store: store.count("docs"),
        lambda store: list(store.iter_documents("docs")),
    ],
)
def test_another_store_that_deletes_the_collection_is_noticed(
    standin: Any, store: CouchbaseKnowledgeStore, use: Callable[[CouchbaseKnowledgeStore], Any]
) -> None:
    with CouchbaseKnowledgeStore(standin.url, collection_prefix=store._prefix) as other:
        other.delete_collection("docs")
        other.create_collection("docs", 3)
    with pytest.raises(NotFoundError, match="'docs' does not exist"):
        use(store)
    with pytest.raises(InvalidInputError, match="3"):
        store.search("docs", [1, 0])
    assert store.describe_collection("docs").dimension == 3


def test_no_acknowledged_document_is_lost_when_the_node_is_killed(couchbase_engine: Any) -> None:
    options: dict[str, Any] = {"durability": "majority_and_persist_to_active", "timeout": 2.0}
    with CouchbaseKnowledgeStore(couchbase_engine.url, **options) as store:
        store.create_collection("docs", 2)
        acknowledged, failures = written_through_kills(store, couchbase_engine, "docs", ROUNDS)
        assert len(acknowledged) >= ROUNDS
        assert all(isinstance(error, UnavailableError) for error in failures)
        stored = {document.id for document in store.iter_documents("docs")}
        assert set(acknowledged) <= stored
        for batch in {id_.rpartition("-")[0] for id_ in stored - set(acknowledged)}:
            assert any(error.ambiguous for error in failures), f"{batch} was half written, and nobody told"
