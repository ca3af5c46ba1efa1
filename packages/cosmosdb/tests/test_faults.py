"""A service that is down, hangs, throttles, fails, cuts off or refuses the key: retried or a typed error in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from praison_persist import (
    AlreadyExistsError,
    ConfigurationError,
    KnowledgeDocument,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)
from praison_persist_cosmosdb import AsyncCosmosDBKnowledgeStore, CosmosDBKnowledgeStore
from praison_persist_testkit.faults import written_through_kills

KEY = "dmVyeS1zM2NyZXQ="


@pytest.fixture
def store(proxy: Any) -> Iterator[CosmosDBKnowledgeStore]:
    """A store with a collection of one document, behind the proxy."""
    with CosmosDBKnowledgeStore(proxy.url, timeout=2.0) as opened:
        opened.create_collection("docs", 2)
        opened.insert("docs", [one("a")])
        proxy.seen.clear()
        yield opened


def one(id_: str, content: str = "text") -> KnowledgeDocument:
    """A document."""
    return KnowledgeDocument(id_, content, [1.0, 0.0])


def test_a_service_that_is_down_is_unavailable(dead_port: int) -> None:
    began = time.monotonic()
    with (
        CosmosDBKnowledgeStore(f"http://:{KEY}@127.0.0.1:{dead_port}") as store,
        pytest.raises(UnavailableError) as caught,
    ):
        store.create_collection("docs", 2)
    error = caught.value
    assert (error.backend, error.operation, error.retryable, error.ambiguous) == (
        "cosmosdb", "create_collection", True, False
    )  # fmt: skip
    assert KEY not in str(error) + repr(store) + repr(store._location) + repr(store._engine)
    assert time.monotonic() - began < 5


def test_a_service_that_hangs_is_given_up_after_the_deadline(silent_port: int, dead_port: int) -> None:
    async def listed(port: int) -> None:
        async with AsyncCosmosDBKnowledgeStore(f"http://:{KEY}@127.0.0.1:{port}", timeout=0.3) as store:
            await store.list_collections()

    began = time.monotonic()
    with (
        CosmosDBKnowledgeStore(f"http://:{KEY}@127.0.0.1:{silent_port}", timeout=0.3) as store,
        pytest.raises(OperationTimeoutError),
    ):
        store.list_collections()
    for port, expected in ((silent_port, OperationTimeoutError), (dead_port, UnavailableError)):
        with pytest.raises(expected):
            asyncio.run(listed(port))
    assert time.monotonic() - began < 8


@pytest.mark.parametrize("request_", ["batch", "query"])
def test_a_request_that_hangs_is_given_up_and_a_write_ambiguous(
    proxy: Any, store: CosmosDBKnowledgeStore, request_: str
) -> None:
    proxy.hang(request_)
    began = time.monotonic()
    call = partial(store.insert, "docs", [one("b")]) if request_ == "batch" else partial(store.search, "docs", [1, 0])
    with pytest.raises(OperationTimeoutError) as caught:
        call()
    assert caught.value.ambiguous is (request_ == "batch")
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("request_", ["batch", "query", "GET colls"])
def test_a_throttled_request_is_repeated_when_the_service_says(
    proxy: Any, store: CosmosDBKnowledgeStore, request_: str
) -> None:
    proxy.refuse(request_, 429, times=2, retry_after_ms="300", substatus="3200")
    began = time.monotonic()
    store.describe_collection("docs")
    store.insert("docs", [one("b")])
    assert {found.id for found in store.search("docs", [1, 0])} == {"a", "b"}
    assert time.monotonic() - began >= 0.6
    assert proxy.met


def test_a_wait_beyond_the_deadline_is_an_error_at_once(proxy: Any, store: CosmosDBKnowledgeStore) -> None:
    proxy.refuse("query", 429, retry_after_ms="60000")
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="60 s") as caught:
        store.search("docs", [1, 0])
    assert caught.value.retryable
    assert time.monotonic() - began < 1


def test_an_operation_of_a_batch_that_is_throttled_is_waited_for(proxy: Any, store: CosmosDBKnowledgeStore) -> None:
    proxy.answer("batch", b'[{"statusCode":424},{"statusCode":429,"retryAfterMilliseconds":300}]', status=207)
    began = time.monotonic()
    store.upsert("docs", [one("b"), one("c")])
    assert time.monotonic() - began >= 0.3
    assert store.count("docs") == 3


def test_an_account_that_throttles_slows_the_store_down(make_cosmosdb: Callable[..., Any]) -> None:
    with CosmosDBKnowledgeStore(make_cosmosdb("--rate", "20").url, max_retries=20) as store:
        store.create_collection("docs", 2)
        began = time.monotonic()
        for number in range(15):  # two requests each
            store.upsert("docs", [one(f"d{number}")])
        assert time.monotonic() - began >= 0.4
        assert store.count("docs") == 15


@pytest.mark.parametrize("status", [449, 500, 503, None])
@pytest.mark.parametrize("request_", ["batch", "query"])
def test_a_passing_failure_is_not_noticed(
    proxy: Any, store: CosmosDBKnowledgeStore, request_: str, status: Any
) -> None:
    if status is None:
        proxy.cut_off(request_)
    else:
        proxy.refuse(request_, status)
    store.insert("docs", [one("b")])
    assert {found.id for found in store.search("docs", [1, 0])} == {"a", "b"}
    assert {found.id for found in store.iter_documents("docs")} == {"a", "b"}
    assert store.delete("docs", ["b"]) == 1
    assert proxy.met


def test_a_write_whose_answer_is_lost_is_neither_refused_nor_counted_twice(
    proxy: Any, store: CosmosDBKnowledgeStore
) -> None:
    proxy.cut_off("batch", executed=True)
    store.insert("docs", [one("b"), one("c")])
    proxy.cut_off("batch", executed=True)
    assert store.delete("docs", ["b", "c"]) == 2
    assert proxy.met
    assert proxy.seen.count("batch") == 4


def test_asynchronous_requests_are_repeated_likewise(proxy: Any) -> None:
    async def used() -> list[str]:
        async with AsyncCosmosDBKnowledgeStore(proxy.url, timeout=2.0) as store:
            await store.create_collection("docs", 2)
            proxy.cut_off("batch", executed=True)
            proxy.refuse("query", 429, retry_after_ms="100")
            await store.insert("docs", [one("a", "x" * 1_100_000)])
            return [found.id for found in await store.search("docs", [1, 0])]

    assert asyncio.run(used()) == ["a"]
    assert proxy.met


def test_a_lasting_failure_of_a_write_is_told_as_ambiguous(proxy: Any, store: CosmosDBKnowledgeStore) -> None:
    proxy.refuse("batch", 503, times=9)
    with pytest.raises(UnavailableError, match="503") as caught:
        store.upsert("docs", [one("b")])
    assert caught.value.ambiguous
    assert proxy.seen.count("batch") == 4


def test_the_creation_of_a_container_is_not_repeated_blindly(proxy: Any, store: CosmosDBKnowledgeStore) -> None:
    proxy.cut_off("POST colls")
    with pytest.raises(UnavailableError) as caught:
        store.create_collection("more", 2)
    assert caught.value.ambiguous
    assert proxy.seen.count("POST colls") == 1
    proxy.refuse("POST colls", 429, retry_after_ms="100")  # this was certainly not executed
    store.create_collection("more", 2)


def test_an_insert_that_fails_half_way_is_taken_back(proxy: Any, store: CosmosDBKnowledgeStore) -> None:
    many = [one(f"d{number:02}", "x" * 30_000) for number in range(90)]  # two transactions
    proxy.refuse("batch", 403, "the partition is full", after=1)
    with pytest.raises(PersistError, match="is full"):
        store.insert("docs", many)
    assert store.count("docs") == 1
    store.upsert("docs", [one("d80")])
    with pytest.raises(AlreadyExistsError, match="'d80' exists"):
        store.insert("docs", many)
    assert sorted(found.id for found in store.iter_documents("docs")) == ["a", "d80"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, ConfigurationError), (403, ConfigurationError), (404, NotFoundError)],
)
def test_a_refusal_is_a_typed_error_without_the_key(
    proxy: Any, store: CosmosDBKnowledgeStore, status: int, expected: type[PersistError]
) -> None:
    proxy.refuse("query", status, f"key {KEY} is expired")
    with pytest.raises(expected, match="is expired") as caught:
        store.search("docs", [1, 0])
    assert KEY not in str(caught.value)
    assert not caught.value.retryable
    assert proxy.seen.count("query") == 1


def test_a_wrong_key_is_told(proxy: Any) -> None:
    other = "YW4tb2xkLWtleQ=="
    with (
        CosmosDBKnowledgeStore(proxy.url, key=other) as store,
        pytest.raises(ConfigurationError, match="refused the key") as caught,
    ):
        store.list_collections()
    assert other not in str(caught.value)


def test_what_is_no_cosmosdb_is_told(proxy: Any, store: CosmosDBKnowledgeStore) -> None:
    proxy.answer("query", b"<html>hello</html>")
    with pytest.raises(UnavailableError, match="does not speak"):
        store.search("docs", [1, 0])


def test_no_acknowledged_document_is_lost_when_the_service_is_killed_in_mid_insert(cosmosdb_engine: Any) -> None:
    with CosmosDBKnowledgeStore(cosmosdb_engine.url, timeout=3) as store:
        store.create_collection("docs", 2)
        acknowledged, failures = written_through_kills(store, cosmosdb_engine, "docs", 2)
        assert all(isinstance(error, UnavailableError) for error in failures)
        assert {document.id for document in store.iter_documents("docs")} >= set(acknowledged)
        with pytest.raises(AlreadyExistsError):
            store.insert("docs", [one(acknowledged[-1])])
