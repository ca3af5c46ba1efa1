"""A server that is down, hangs, refuses or is killed in mid-insert: typed errors in time, no document lost."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from weaviate.exceptions import WeaviateTimeoutError

from praison_persist import (
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
    UnsupportedError,
)
from praison_persist_testkit.faults import answering
from praison_persist_weaviate import AsyncWeaviateKnowledgeStore, WeaviateKnowledgeStore
from praison_persist_weaviate.errors import telling, translated


@contextmanager
def _answering(status: int, body: Any, meta: Any = None) -> Iterator[str]:
    """A REST API that says so to everything but the question for its version."""

    version = (200, meta or {"version": "1.35.2"})
    with answering(lambda path: version if path == "/v1/meta" else (status, body)) as url:
        yield url


def test_a_server_that_is_down_is_unavailable(dead_port: int) -> None:
    began = time.monotonic()
    url = f"weaviate://user:s3cret@127.0.0.1:{dead_port}"
    with WeaviateKnowledgeStore(url) as store, pytest.raises(UnavailableError) as caught:
        store.list_collections()
    error = caught.value
    assert (error.backend, error.operation, error.retryable, error.ambiguous) == (
        "weaviate", "list_collections", True, False
    )  # fmt: skip
    assert "s3cret" not in str(error) + repr(store) + repr(store._engine.location)
    assert time.monotonic() - began < 5


def test_a_server_that_hangs_is_given_up_after_the_deadline(silent_port: int) -> None:
    began = time.monotonic()
    with (
        WeaviateKnowledgeStore(f"http://127.0.0.1:{silent_port}", connect_timeout=0.3) as store,
        pytest.raises(OperationTimeoutError),
    ):
        store.list_collections()
    assert time.monotonic() - began < 5


def test_an_asynchronous_store_gives_up_likewise(silent_port: int, dead_port: int) -> None:
    async def listed(port: int) -> None:
        async with AsyncWeaviateKnowledgeStore(f"http://127.0.0.1:{port}", connect_timeout=0.3) as store:
            await store.list_collections()

    for port, expected in ((silent_port, OperationTimeoutError), (dead_port, UnavailableError)):
        with pytest.raises(expected):
            asyncio.run(listed(port))


@pytest.mark.parametrize(
    ("api", "expected"), [("dead_port", UnavailableError), ("silent_port", (OperationTimeoutError, UnavailableError))]
)
def test_a_grpc_api_that_is_away_is_told_in_time(
    weaviate_url: str, fresh_prefix: str, request: pytest.FixtureRequest, api: str, expected: Any
) -> None:
    options: dict[str, Any] = {"collection_prefix": fresh_prefix}
    with WeaviateKnowledgeStore(weaviate_url, **options) as store:
        store.create_collection("docs", 2)
    options |= {"grpc_port": request.getfixturevalue(api), "timeout": 1}
    began = time.monotonic()
    with WeaviateKnowledgeStore(weaviate_url, **options) as store:
        with pytest.raises(expected):
            store.count("docs")
        with pytest.raises(expected):
            store.search("docs", [1, 0])

    async def searched() -> None:
        async with AsyncWeaviateKnowledgeStore(weaviate_url, **options) as store:
            await store.search("docs", [1, 0])

    with pytest.raises(expected):
        asyncio.run(searched())
    assert time.monotonic() - began < 8
    with WeaviateKnowledgeStore(weaviate_url, collection_prefix=fresh_prefix) as store:
        store.delete_collection("docs")


def test_an_insert_whose_claim_cannot_be_withdrawn_is_done(
    weaviate_url: str, fresh_prefix: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(*_: Any, **__: Any) -> None:
        raise WeaviateTimeoutError("no answer")

    with WeaviateKnowledgeStore(weaviate_url, collection_prefix=fresh_prefix, timeout=1) as store:
        store.create_collection("docs", 2)
        with monkeypatch.context() as patched:
            patched.setattr("weaviate.collections.data.sync._DataCollection.delete_by_id", failing)
            store.insert("docs", [KnowledgeDocument("a", "x", [1.0, 0.0])])
        assert "could not be withdrawn" in caplog.text
        assert store.count("docs") == 1
        store.insert("docs", [KnowledgeDocument("b", "x", [1.0, 0.0])])  # other ids do not wait for that claim
        store.delete_collection("docs")


@pytest.mark.parametrize(
    ("status", "body", "expected", "ambiguous"),
    [
        (422, {"error": [{"message": "bad"}]}, InvalidInputError, False),
        (401, {"error": "no"}, ConfigurationError, False),
        (403, {"error": "no"}, ConfigurationError, False),
        (500, {"error": "no"}, UnavailableError, True),
        (502, b"<html>Bad gateway</html>", UnavailableError, True),
    ],
)
def test_answers_become_errors_of_the_contract(
    status: int, body: Any, expected: type[PersistError], ambiguous: bool
) -> None:
    with _answering(status, body) as url, WeaviateKnowledgeStore(url, api_key="s3cret") as store:
        with pytest.raises(expected) as caught:
            store.create_collection("docs", 2)
        assert caught.value.ambiguous is ambiguous
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("meta", "expected", "why"),
    [
        ({"version": "1.20.0"}, UnsupportedError, r"1\.20\.0"),
        ({"hello": "world"}, UnavailableError, "does not speak"),
        (b"<html>hello</html>", UnavailableError, "does not speak"),
    ],
)
def test_what_is_no_weaviate_or_too_old_is_told(meta: Any, expected: type[PersistError], why: str) -> None:
    with (
        _answering(200, {}, meta) as url,
        WeaviateKnowledgeStore(url) as store,
        pytest.raises(expected, match=why),
    ):
        store.list_collections()


class _RpcError(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        self._code, self._details = code, details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details


@pytest.mark.parametrize(
    ("code", "details", "expected"),
    [
        (grpc.StatusCode.UNAVAILABLE, "broken pipe", UnavailableError),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "", OperationTimeoutError),
        (grpc.StatusCode.UNAUTHENTICATED, "", ConfigurationError),
        (grpc.StatusCode.PERMISSION_DENIED, "", ConfigurationError),
        (grpc.StatusCode.UNKNOWN, "could not find class Docs in schema", NotFoundError),
        (grpc.StatusCode.UNKNOWN, "bad", InvalidInputError),
    ],
)
def test_grpc_statuses_become_errors_of_the_contract(
    code: grpc.StatusCode, details: str, expected: type[PersistError]
) -> None:
    class Stub:
        def Search(self) -> None:
            raise _RpcError(code, details)

        BatchObjects = BatchDelete = Aggregate = TenantsGet = Search

    with pytest.raises(expected), translated("h:8080", write=True):
        telling(Stub()).Search()


def test_no_acknowledged_document_is_lost_when_the_server_is_killed_in_mid_insert(weaviate_engine: Any) -> None:
    acknowledged: list[str] = []
    with WeaviateKnowledgeStore(weaviate_engine.url, timeout=5) as store:
        store.create_collection("docs", 4)
        killer = threading.Timer(1.0, weaviate_engine.kill)
        killer.start()
        began = 0.0
        try:
            for number in range(100_000):
                began = time.monotonic()
                store.insert("docs", [KnowledgeDocument(f"d{number}", "x", [1.0, 0.0, 0.0, float(number)])])
                acknowledged.append(f"d{number}")
        except PersistError as error:
            assert isinstance(error, UnavailableError)  # noqa: PT017 - which insert meets the kill is not known
        assert time.monotonic() - began < 5
        killer.join()
        weaviate_engine.restart()
        assert acknowledged
        found = {document.id for document in store.iter_documents("docs")}
        assert found >= set(acknowledged)
        nearest = store.search("docs", [1.0, 0.0, 0.0, 0.0], len(acknowledged) + 10)
        assert {document.id for document in nearest} == found
        store.insert("docs", [KnowledgeDocument("after", "", [1, 1, 1, 1])])
