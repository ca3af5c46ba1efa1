"""Upstash shows writes late, and tells of them late: what is waited for, and how long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from praison_persist import AlreadyExistsError, KnowledgeDocument, OperationTimeoutError
from praison_persist_upstash import AsyncUpstashVectorKnowledgeStore, UpstashVectorKnowledgeStore

LAG = "0.3"


def document(id_: str, *embedding: float) -> KnowledgeDocument:
    """A document."""
    return KnowledgeDocument(id_, f"text of {id_}", list(embedding))


@pytest.mark.parametrize("options", [[], ["--late-info", "0.2"]])
def test_searches_see_what_was_waited_for(make_vectors: Callable[..., Any], options: list[str]) -> None:
    standin = make_vectors("--lag", LAG, *options)
    with UpstashVectorKnowledgeStore(standin.url(), standin.token) as store:
        store.create_collection("docs", 2)
        began = time.monotonic()
        store.insert("docs", [document("a", 1, 0), document("b", 0, 1)])
        assert time.monotonic() - began >= float(LAG)
        assert [one.id for one in store.search("docs", [1, 0.1])] == ["a", "b"]
        assert store.count("docs") == 2
        with pytest.raises(AlreadyExistsError):
            store.insert("docs", [document("a", 1, 0)])
        store.upsert("docs", [document("a", 0, 1), document("b", 1, 0)])
        assert [one.id for one in store.search("docs", [1, 0.1])] == ["b", "a"]
        assert store.delete("docs", ["a", "missing"]) == 1
        assert [one.id for one in store.search("docs", [1, 0.1])] == ["b"]
        assert store.delete("docs", all=True) == 1
        assert store.search("docs", [1, 0.1]) == []
        assert store.delete_collection("docs")
        assert store.list_collections() == []


def test_without_waiting_a_write_is_seen_later(make_vectors: Callable[..., Any]) -> None:
    standin = make_vectors("--lag", "0.6")
    with UpstashVectorKnowledgeStore(standin.url(), standin.token) as store:
        store.create_collection("docs", 2)
        store.upsert("docs", [document("a", 1, 0)], wait=False)
        assert store.search("docs", [1, 0]) == []
        time.sleep(0.7)
        assert [one.id for one in store.search("docs", [1, 0])] == ["a"]


def test_a_document_that_does_not_show_in_time_is_told(make_vectors: Callable[..., Any]) -> None:
    standin = make_vectors("--lag", "0.5")
    with UpstashVectorKnowledgeStore(standin.url(), standin.token) as store:
        store.create_collection("docs", 2)
    with UpstashVectorKnowledgeStore(standin.url(), standin.token, visible_timeout=0.2) as store:
        began = time.monotonic()
        with pytest.raises(OperationTimeoutError, match="do not see the documents yet"):
            store.upsert("docs", [document("a", 1, 0)])
        assert time.monotonic() - began < 2


def test_a_write_that_another_replaces_meanwhile_is_not_waited_for_in_vain(make_vectors: Callable[..., Any]) -> None:
    standin = make_vectors("--lag", LAG)
    with UpstashVectorKnowledgeStore(standin.url(), standin.token, visible_timeout=10) as store:
        store.create_collection("docs", 2)
        with ThreadPoolExecutor(4) as threads:
            jobs = [threads.submit(store.upsert, "docs", [document("a", 1, number)]) for number in range(4)]
            assert [job.result(30) for job in jobs] == [["a"]] * 4
        assert store.count("docs") == 1


def test_asynchronous_stores_wait_likewise(make_vectors: Callable[..., Any]) -> None:
    standin = make_vectors("--lag", LAG)

    async def used() -> list[str]:
        async with AsyncUpstashVectorKnowledgeStore(standin.url(), standin.token) as store:
            await store.create_collection("docs", 2)
            await store.upsert("docs", [document("a", 1, 0)])
            return [one.id for one in await store.search("docs", [1, 0])]

    assert asyncio.run(used()) == ["a"]
