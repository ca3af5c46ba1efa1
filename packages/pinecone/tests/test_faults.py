"""A service that is down, hangs, throttles, fails, cuts off or refuses the key: retried or a typed error in time."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import trustme

from praison_persist import (
    AlreadyExistsError,
    ConfigurationError,
    KnowledgeDocument,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)
from praison_persist_pinecone import AsyncPineconeKnowledgeStore, PineconeKnowledgeStore

KEY = "pcsk_very-s3cret"


@pytest.fixture
def store(proxy: Any) -> Iterator[PineconeKnowledgeStore]:
    """A store with a collection of one document, behind the proxy."""
    with PineconeKnowledgeStore(proxy.url, timeout=2.0) as opened:
        opened.create_collection("docs", 2)
        opened.insert("docs", [one("a")])
        proxy.seen.clear()
        yield opened


def one(id_: str) -> KnowledgeDocument:
    """A document."""
    return KnowledgeDocument(id_, "text", [1.0, 0.0])


def test_a_service_that_is_down_is_unavailable(dead_port: int) -> None:
    began = time.monotonic()
    with (
        PineconeKnowledgeStore(f"http://{KEY}@127.0.0.1:{dead_port}") as store,
        pytest.raises(UnavailableError) as caught,
    ):
        store.create_collection("docs", 2)
    error = caught.value
    assert (error.backend, error.operation, error.retryable, error.ambiguous) == (
        "pinecone", "create_collection", True, False
    )  # fmt: skip
    assert KEY not in str(error) + repr(store) + repr(store._location) + repr(store._engine)
    assert time.monotonic() - began < 5


def test_a_service_that_hangs_is_given_up_after_the_deadline(silent_port: int, dead_port: int) -> None:
    async def listed(port: int) -> None:
        async with AsyncPineconeKnowledgeStore(f"http://k@127.0.0.1:{port}", timeout=0.3) as store:
            await store.list_collections()

    began = time.monotonic()
    with (
        PineconeKnowledgeStore(f"http://k@127.0.0.1:{silent_port}", timeout=0.3) as store,
        pytest.raises(OperationTimeoutError),
    ):
        store.list_collections()
    for port, expected in ((silent_port, OperationTimeoutError), (dead_port, UnavailableError)):
        with pytest.raises(expected):
            asyncio.run(listed(port))
    assert time.monotonic() - began < 5


def test_a_write_that_hangs_is_ambiguous(proxy: Any, store: PineconeKnowledgeStore) -> None:
    proxy.hang("/vectors/upsert")
    began = time.monotonic()
    with pytest.raises(OperationTimeoutError) as caught:
        store.insert("docs", [one("b"), one("c")])
    assert caught.value.ambiguous
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("path", ["/vectors/upsert", "/vectors/fetch", "/query", "/indexes/docs"])
def test_a_throttled_request_is_repeated_when_the_service_says(
    proxy: Any, store: PineconeKnowledgeStore, path: str
) -> None:
    proxy.refuse(path, 429, times=2, retry_after="0.3")
    began = time.monotonic()
    store.describe_collection("docs")
    store.insert("docs", [one("b")])
    assert {found.id for found in store.search("docs", [1, 0])} == {"a", "b"}
    assert time.monotonic() - began >= 0.6
    assert proxy.met


def test_a_wait_beyond_the_deadline_is_an_error_at_once(proxy: Any, store: PineconeKnowledgeStore) -> None:
    proxy.refuse("/query", 429, retry_after="60")
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="60 s") as caught:
        store.search("docs", [1, 0])
    assert caught.value.retryable
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("status", [500, 503, 504, None])
@pytest.mark.parametrize("path", ["/vectors/upsert", "/vectors/fetch", "/query", "/vectors/delete", "/vectors/list"])
def test_a_passing_failure_is_not_noticed(proxy: Any, store: PineconeKnowledgeStore, path: str, status: Any) -> None:
    if status is None:
        proxy.cut_off(path)
    else:
        proxy.refuse(path, status)
    store.insert("docs", [one("b")])
    assert {found.id for found in store.search("docs", [1, 0])} == {"a", "b"}
    assert {found.id for found in store.iter_documents("docs")} == {"a", "b"}
    assert store.delete("docs", ["b"]) == 1
    assert proxy.met


def test_asynchronous_requests_are_repeated_likewise(proxy: Any) -> None:
    async def used() -> list[str]:
        async with AsyncPineconeKnowledgeStore(proxy.url, timeout=2.0) as store:
            await store.create_collection("docs", 2)
            proxy.cut_off("/vectors/upsert")
            proxy.refuse("/query", 429, retry_after="0.1")
            await store.insert("docs", [one("a")])
            return [found.id for found in await store.search("docs", [1, 0])]

    assert asyncio.run(used()) == ["a"]


def test_a_lasting_failure_of_a_write_is_told_as_ambiguous(proxy: Any, store: PineconeKnowledgeStore) -> None:
    proxy.refuse("/vectors/upsert", 503, times=9)
    with pytest.raises(UnavailableError, match="503") as caught:
        store.upsert("docs", [one("b")])
    assert caught.value.ambiguous
    assert proxy.seen.count("POST /hosts/docs/vectors/upsert") == 4


def test_the_creation_of_an_index_is_not_repeated_blindly(proxy: Any, store: PineconeKnowledgeStore) -> None:
    proxy.cut_off("POST /indexes")
    with pytest.raises(UnavailableError) as caught:
        store.create_collection("more", 2)
    assert caught.value.ambiguous
    assert proxy.seen.count("POST /indexes") == 1
    proxy.refuse("POST /indexes", 429, retry_after="0.1")  # this was certainly not executed
    store.create_collection("more", 2)


def test_an_insert_that_fails_half_way_is_taken_back(proxy: Any, store: PineconeKnowledgeStore) -> None:
    many = [KnowledgeDocument(f"d{number}", "x" * 30_000, [1.0, 0.0]) for number in range(100)]  # two requests
    proxy.refuse("/vectors/upsert", 400, "quota", after=1)
    with pytest.raises(PersistError, match="quota") as caught:
        store.insert("docs", many)
    assert caught.value.ambiguous
    assert store.count("docs") == 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, ConfigurationError), (403, ConfigurationError), (402, ConfigurationError), (404, NotFoundError)],
)
def test_a_refusal_is_a_typed_error_without_the_key(
    proxy: Any, store: PineconeKnowledgeStore, status: int, expected: type[PersistError]
) -> None:
    proxy.refuse("/query", status, f"key {KEY} is expired")
    with pytest.raises(expected) as caught:
        store.search("docs", [1, 0])
    assert KEY not in str(caught.value)
    assert not caught.value.retryable
    assert proxy.seen.count("POST /hosts/docs/query") == 1


def test_a_wrong_key_is_told(proxy: Any) -> None:
    with PineconeKnowledgeStore(proxy.url, api_key="an-old-key") as store, pytest.raises(ConfigurationError) as caught:
        store.list_collections()
    assert "an-old-key" not in str(caught.value)


def test_what_is_no_pinecone_is_told(proxy: Any, store: PineconeKnowledgeStore) -> None:
    proxy.answer("/query", b"<html>hello</html>")
    with pytest.raises(UnavailableError, match="does not speak"):
        store.search("docs", [1, 0])


def test_no_acknowledged_document_is_lost_when_the_service_is_killed_in_mid_insert(pinecone_engine: Any) -> None:
    acknowledged: list[str] = []
    with PineconeKnowledgeStore(pinecone_engine.url, timeout=3) as store:
        store.create_collection("docs", 2)
        killer = threading.Timer(0.7, pinecone_engine.kill)
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
        pinecone_engine.restart()
        assert acknowledged
        assert {document.id for document in store.iter_documents("docs")} >= set(acknowledged)
        with pytest.raises(AlreadyExistsError):
            store.insert("docs", [one(acknowledged[-1])])


def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with suppress(OSError):
                    context.wrap_socket(connection, server_side=True).close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        url = f"https://{KEY}@127.0.0.1:{listener.getsockname()[1]}"
        with (
            PineconeKnowledgeStore(url, max_retries=0) as store,
            pytest.raises(UnavailableError, match="CERTIFICATE_VERIFY_FAILED") as caught,
        ):
            store.list_collections()
        assert not caught.value.ambiguous
        listener.shutdown(socket.SHUT_RDWR)
