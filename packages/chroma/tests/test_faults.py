"""A server that is down, hangs or is killed in mid-insert: typed errors within the deadline, no document lost."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import Any

import pytest

from praison_persist import KnowledgeDocument, OperationTimeoutError, PersistError, UnavailableError
from praison_persist_chroma import AsyncChromaKnowledgeStore, ChromaKnowledgeStore


@pytest.fixture
def silent(silent_port: int) -> str:
    """An address that accepts connections and never answers."""
    return f"http://127.0.0.1:{silent_port}"


@pytest.fixture
def dead(dead_port: int) -> str:
    """An address where nobody listens."""
    return f"chroma://user:s3cret@127.0.0.1:{dead_port}"


def test_a_server_that_is_down_is_unavailable(dead: str) -> None:
    with ChromaKnowledgeStore(dead) as store, pytest.raises(UnavailableError) as caught:
        store.list_collections()
    error = caught.value
    assert (error.backend, error.operation, error.retryable, error.ambiguous) == (
        "chroma", "list_collections", True, False
    )  # fmt: skip
    assert "s3cret" not in str(error) + repr(store)


def test_a_server_that_hangs_is_given_up_after_the_deadline(silent: str) -> None:
    began = time.monotonic()
    with ChromaKnowledgeStore(silent, connect_timeout=0.3) as store, pytest.raises(OperationTimeoutError):
        store.list_collections()
    assert time.monotonic() - began < 5


def test_an_asynchronous_store_gives_up_likewise(silent: str, dead: str) -> None:
    async def listed(url: str) -> None:
        async with AsyncChromaKnowledgeStore(url, connect_timeout=0.3) as store:
            await store.list_collections()

    for url, expected in ((silent, OperationTimeoutError), (dead, UnavailableError)):
        with pytest.raises(expected):
            asyncio.run(listed(url))


def test_what_answers_but_is_no_chroma_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with listener.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")

        thread = threading.Thread(target=answer)
        thread.start()
        with (
            ChromaKnowledgeStore(f"http://127.0.0.1:{listener.getsockname()[1]}") as store,
            pytest.raises(UnavailableError, match="does not speak"),
        ):
            store.list_collections()
        thread.join()


def test_no_acknowledged_document_is_lost_when_the_server_is_killed_in_mid_insert(chroma_engine: Any) -> None:
    acknowledged: list[str] = []
    with ChromaKnowledgeStore(chroma_engine.url, timeout=5) as store:
        store.create_collection("docs", 4)
        killer = threading.Timer(1.0, chroma_engine.kill)
        killer.start()
        try:
            for number in range(100_000):
                store.insert("docs", [KnowledgeDocument(f"d{number}", "x", [1.0, 0.0, 0.0, float(number)])])
                acknowledged.append(f"d{number}")
        except PersistError as error:
            assert isinstance(error, UnavailableError)  # noqa: PT017 - which insert meets the kill is not known
        killer.join()
        chroma_engine.restart()
        assert acknowledged
        found: set[str] = set()
        with ChromaKnowledgeStore(chroma_engine.url) as again:
            for start in range(0, len(acknowledged), 500):
                found |= {document.id for document in again.get("docs", acknowledged[start : start + 500])}
        assert found >= set(acknowledged)
