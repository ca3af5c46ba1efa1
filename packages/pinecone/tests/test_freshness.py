"""Pinecone shows writes late, and makes indexes slowly: what is waited for, and how long."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest

from praison_persist import AlreadyExistsError, KnowledgeDocument, OperationTimeoutError
from praison_persist_pinecone import AsyncPineconeKnowledgeStore, PineconeKnowledgeStore

LAG = 0.4


def document(id_: str, *embedding: float) -> KnowledgeDocument:
    """A document."""
    return KnowledgeDocument(id_, f"text of {id_}", list(embedding))


@pytest.mark.parametrize("options", [[], ["--no-positions"]])
def test_searches_see_what_was_waited_for(make_pinecone: Callable[..., Any], options: list[str]) -> None:
    with PineconeKnowledgeStore(make_pinecone("--lag", str(LAG), *options).url) as store:
        store.create_collection("docs", 2)
        began = time.monotonic()
        store.insert("docs", [document("a", 1, 0), document("b", 0, 1)])
        assert time.monotonic() - began >= LAG
        assert [one.id for one in store.search("docs", [1, 0.1])] == ["a", "b"]
        assert store.count("docs") == 2
        with pytest.raises(AlreadyExistsError):
            store.insert("docs", [document("a", 1, 0)])
        assert store.delete("docs", ["a", "missing"]) == 1
        assert [one.id for one in store.search("docs", [1, 0.1])] == ["b"]
        store.insert("docs", [document("a", 1, 0)])
        assert store.delete("docs", all=True) == 2
        assert store.search("docs", [1, 0.1]) == []


def test_a_replaced_document_is_waited_for_too(make_pinecone: Callable[..., Any]) -> None:
    with PineconeKnowledgeStore(make_pinecone("--lag", str(LAG)).url) as store:
        store.create_collection("docs", 2)
        store.upsert("docs", [document("a", 1, 0), document("b", 0.5, 1)])
        store.upsert("docs", [document("a", 0, 1)])
        assert [one.id for one in store.search("docs", [1, 0])] == ["b", "a"]


def test_without_waiting_a_write_is_seen_later(make_pinecone: Callable[..., Any]) -> None:
    with PineconeKnowledgeStore(make_pinecone("--lag", "1.0").url) as store:
        store.create_collection("docs", 2)
        began = time.monotonic()
        store.upsert("docs", [document("a", 1, 0)], wait=False)
        early = store.search("docs", [1, 0])
        assert time.monotonic() - began < 0.9
        assert early == []
        time.sleep(1.1)
        assert [one.id for one in store.search("docs", [1, 0])] == ["a"]


def test_a_document_that_does_not_show_in_time_is_told(make_pinecone: Callable[..., Any]) -> None:
    with PineconeKnowledgeStore(make_pinecone("--lag", "30").url, timeout=0.5) as store:
        store.create_collection("docs", 2)
        began = time.monotonic()
        with pytest.raises(OperationTimeoutError, match="do not see the documents yet"):
            store.upsert("docs", [document("a", 1, 0)])
        assert time.monotonic() - began < 2


def test_asynchronous_stores_wait_likewise(make_pinecone: Callable[..., Any]) -> None:
    async def used(url: str) -> list[str]:
        async with AsyncPineconeKnowledgeStore(url) as store:
            await store.create_collection("docs", 2)
            await store.upsert("docs", [document("a", 1, 0)])
            return [one.id for one in await store.search("docs", [1, 0])]

    assert asyncio.run(used(make_pinecone("--lag", str(LAG), "--creating", "0.3").url)) == ["a"]


def test_a_new_index_is_waited_for_and_its_state_told(
    make_pinecone: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "praison_persist_pinecone")
    with PineconeKnowledgeStore(make_pinecone("--creating", "0.5").url) as store:
        began = time.monotonic()
        store.create_collection("docs", 2)
        assert time.monotonic() - began >= 0.5
        assert "Initializing" in caplog.text
        assert "Ready" in caplog.text
        store.insert("docs", [document("a", 1, 0)])


def test_an_index_that_does_not_get_ready_in_time_is_told(make_pinecone: Callable[..., Any]) -> None:
    url = make_pinecone("--creating", "1").url
    with (
        PineconeKnowledgeStore(url, ready_timeout=0.3) as store,
        pytest.raises(OperationTimeoutError, match="is not ready"),
    ):
        store.create_collection("docs", 2)
    with PineconeKnowledgeStore(url) as store:  # another one waits for it
        store.insert("docs", [document("a", 1, 0)])
