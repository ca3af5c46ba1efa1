"""An index that is down, hangs, throttles, fails, cuts off or refuses the token: retried or a typed error in time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
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
from praison_persist_testkit.faults import exit_code_of
from praison_persist_upstash import AsyncUpstashVectorKnowledgeStore, UpstashVectorKnowledgeStore

TOKEN = "ABcF-very-s3cret"


@pytest.fixture
def silent(silent_port: int) -> str:
    """The URL of a port that accepts connections and never answers."""
    return f"http://127.0.0.1:{silent_port}"


@pytest.fixture
def dead(dead_port: int) -> str:
    """The URL of a port where nobody listens."""
    return f"http://127.0.0.1:{dead_port}"


@pytest.fixture
def store(proxy: Any) -> Iterator[UpstashVectorKnowledgeStore]:
    """A store with a collection of one document, behind the proxy."""
    with UpstashVectorKnowledgeStore(proxy.url, TOKEN, timeout=2.0) as opened:
        opened.create_collection("docs", 2)
        opened.insert("docs", [one("a")])
        proxy.seen.clear()
        yield opened


def one(id_: str) -> KnowledgeDocument:
    """A document."""
    return KnowledgeDocument(id_, "text", [1.0, 0.0])


def test_an_index_that_is_down_is_unavailable(dead: str) -> None:
    store = UpstashVectorKnowledgeStore(dead, TOKEN)
    began = time.monotonic()
    with store, pytest.raises(UnavailableError) as caught:
        store.create_collection("docs", 2)
    error = caught.value
    assert (error.backend, error.operation, error.retryable, error.ambiguous) == (
        "upstash_vector", "create_collection", True, False
    )  # fmt: skip
    assert TOKEN not in str(error) + repr(store) + repr(store._remote)
    assert time.monotonic() - began < 5


def test_an_index_that_hangs_is_given_up_after_the_deadline(silent: str, dead: str) -> None:
    async def listed(url: str) -> None:
        async with AsyncUpstashVectorKnowledgeStore(url, "t", timeout=0.3, connect_timeout=0.3) as store:
            await store.list_collections()

    began = time.monotonic()
    with UpstashVectorKnowledgeStore(silent, "t", timeout=0.3) as store, pytest.raises(OperationTimeoutError):
        store.list_collections()
    for url, expected in ((silent, OperationTimeoutError), (dead, UnavailableError)):
        with pytest.raises(expected):
            asyncio.run(listed(url))
    assert time.monotonic() - began < 5


def test_a_write_that_hangs_is_ambiguous(proxy: Any, store: UpstashVectorKnowledgeStore) -> None:
    proxy.hang("upsert")
    began = time.monotonic()
    with pytest.raises(OperationTimeoutError) as caught:
        store.insert("docs", [one("b"), one("c")])
    assert caught.value.ambiguous
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("operation", ["upsert", "fetch", "query"])
def test_a_throttled_request_is_repeated_when_the_service_says(
    proxy: Any, store: UpstashVectorKnowledgeStore, operation: str
) -> None:
    proxy.refuse(operation, 429, times=2, retry_after="0.2")
    began = time.monotonic()
    store.insert("docs", [one("b")])
    assert {found.id for found in store.search("docs", [1, 0])} == {"a", "b"}
    assert time.monotonic() - began >= 0.4
    assert proxy.met


def test_a_wait_beyond_the_deadline_is_an_error_at_once(proxy: Any, store: UpstashVectorKnowledgeStore) -> None:
    proxy.refuse("query", 429, retry_after="60")
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="429") as caught:
        store.search("docs", [1, 0])
    assert "60 s" in (caught.value.hint or "")
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("status", [500, 503, None])
@pytest.mark.parametrize("operation", ["upsert", "fetch", "query", "delete", "range", "info"])
def test_a_passing_failure_is_not_noticed(
    proxy: Any, store: UpstashVectorKnowledgeStore, operation: str, status: Any
) -> None:
    if status is None:
        proxy.cut_off(operation)
    else:
        proxy.refuse(operation, status)
    store.insert("docs", [one("b")])
    assert {found.id for found in store.search("docs", [1, 0])} == {"a", "b"}
    assert {found.id for found in store.iter_documents("docs")} == {"a", "b"}
    assert store.delete("docs", ["b"]) == 1
    assert store.count("docs") == 1
    assert proxy.met


def test_asynchronous_requests_are_repeated_likewise(proxy: Any) -> None:
    async def used() -> list[str]:
        async with AsyncUpstashVectorKnowledgeStore(proxy.url, TOKEN, timeout=2.0) as store:
            await store.create_collection("docs", 2)
            proxy.cut_off("upsert")
            proxy.refuse("query", 429, retry_after="0.1")
            proxy.refuse("query", 503, "<html>")
            await store.insert("docs", [one("a")])
            return [found.id for found in await store.search("docs", [1, 0])]

    assert asyncio.run(used()) == ["a"]
    assert proxy.met


def test_a_lasting_failure_of_a_write_is_told_as_ambiguous(proxy: Any, store: UpstashVectorKnowledgeStore) -> None:
    proxy.refuse("upsert", 503, times=9)
    with pytest.raises(UnavailableError, match="503") as caught:
        store.upsert("docs", [one("b")])
    assert caught.value.ambiguous
    assert proxy.seen.count("upsert") == 4


def test_an_insert_that_fails_half_way_is_taken_back(proxy: Any, store: UpstashVectorKnowledgeStore) -> None:
    many = [KnowledgeDocument(f"d{number}", "x" * 30_000, [1.0, 0.0]) for number in range(100)]  # two requests
    proxy.refuse("upsert", 400, "quota", after=1)
    with pytest.raises(PersistError, match="quota") as caught:
        store.insert("docs", many)
    assert caught.value.ambiguous
    assert store.count("docs") == 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, InvalidInputError), (401, ConfigurationError), (402, ConfigurationError), (403, ConfigurationError),
     (301, ConfigurationError), (404, NotFoundError), (413, InvalidInputError), (422, InvalidInputError)],
)  # fmt: skip
def test_a_refusal_is_a_typed_error_without_the_token(
    proxy: Any, store: UpstashVectorKnowledgeStore, status: int, expected: type[PersistError]
) -> None:
    proxy.refuse("query", status, f"token {TOKEN} is expired")
    with pytest.raises(expected) as caught:
        store.search("docs", [1, 0])
    assert TOKEN not in str(caught.value)
    assert not caught.value.retryable
    assert proxy.seen.count("query") == 1


def test_a_wrong_token_is_told(proxy: Any) -> None:
    with (
        UpstashVectorKnowledgeStore(proxy.url, "an-old-token") as store,
        pytest.raises(ConfigurationError, match="token") as caught,
    ):
        store.list_collections()
    assert "an-old-token" not in str(caught.value)


@pytest.mark.parametrize("answer", [b"<html>hello</html>", b"{}", b"[]", b'{"result": [{}]}', b"1"])
def test_what_is_no_upstash_is_told(proxy: Any, store: UpstashVectorKnowledgeStore, answer: bytes) -> None:
    for _ in range(4):
        proxy.answer("query", answer)
    with pytest.raises(UnavailableError, match=r"JSON|does not speak"):
        store.search("docs", [1, 0])


def test_no_acknowledged_document_is_lost_when_the_service_is_killed_in_mid_insert(
    make_vectors: Callable[..., Any], tmp_path: Path
) -> None:
    standin = make_vectors("--journal", str(tmp_path / "journal"))
    acknowledged: list[str] = []
    with UpstashVectorKnowledgeStore(standin.url(), standin.token, timeout=3) as store:
        store.create_collection("docs", 2)
        killer = threading.Timer(0.5, standin.kill)
        killer.start()
        began = 0.0
        try:
            for number in range(100_000):
                began = time.monotonic()
                store.insert("docs", [KnowledgeDocument(f"d{number}", "x", [1.0, float(number)])])
                acknowledged.append(f"d{number}")
        except PersistError as error:
            assert isinstance(error, UnavailableError)  # noqa: PT017 - which insert meets the kill is not known
        assert time.monotonic() - began < 6
        killer.join()
        standin.start()
        assert acknowledged
        assert {document.id for document in store.iter_documents("docs")} >= set(acknowledged)
        with pytest.raises(AlreadyExistsError):
            store.insert("docs", [one(acknowledged[-1])])


def test_two_event_loops_in_turn_use_one_store(vectors: Any, fresh_prefix: str) -> None:
    store = AsyncUpstashVectorKnowledgeStore(vectors.url(), vectors.token, collection_prefix=fresh_prefix)
    asyncio.run(store.create_collection("docs", 2))
    assert asyncio.run(store.insert("docs", [one("a")])) == ["a"]
    asyncio.run(store.close())


def test_a_forked_child_has_connections_of_its_own(vectors: Any, fresh_prefix: str) -> None:
    with UpstashVectorKnowledgeStore(vectors.url(), vectors.token, collection_prefix=fresh_prefix) as store:
        store.create_collection("docs", 2)
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                store.insert("docs", [one("child")])
                os._exit(0)
            os._exit(1)
        assert exit_code_of(child) == 0
        store.insert("docs", [one("parent")])
        assert store.count("docs") == 2
