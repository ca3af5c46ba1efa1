"""What Valkey's knowledge store does beyond the contract: choosing an index, clusters, awaiting, faults."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from praison_persist import KnowledgeDocument
from praison_persist.aio import async_view
from praison_persist.errors import (
    ConfigurationError,
    InvalidInputError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
    UnsupportedError,
)
from praison_persist_valkey.knowledge import ValkeyVectorKnowledgeStore


def _document(id_: str, *embedding: float, **metadata: Any) -> KnowledgeDocument:
    return KnowledgeDocument(id=id_, content=id_, embedding=list(embedding), metadata=metadata or None)


def test_a_server_without_valkey_search_is_refused_unless_flat_is_asked_for(valkey_url: str, fresh_prefix: str) -> None:
    with ValkeyVectorKnowledgeStore(valkey_url, prefix=fresh_prefix) as store:
        with pytest.raises(UnsupportedError, match="no index query") as caught:
            store.create_collection("docs", 2)
        assert "flat" in str(caught.value.hint)
        assert store.list_collections() == []
        assert str(store.health().server).startswith("Valkey ")


def test_a_cluster_keeps_a_collection_on_one_node(redis_cluster_url: str, fresh_prefix: str) -> None:
    with ValkeyVectorKnowledgeStore(redis_cluster_url, prefix=fresh_prefix, index="flat") as store:
        for name in ("one", "two", "three"):
            store.create_collection(name, 2)
            store.insert(name, [_document("a", 1.0, 0.0), _document("b", 0.0, 1.0, x=1)])
            assert [found.id for found in store.search(name, [0.0, 1.0], 1)] == ["b"]
            assert store.delete(name, filters={"x": 1}) == 1
        assert store.delete_collection("one")
        assert store.list_collections() == ["three", "two"]
    with pytest.raises(ConfigurationError, match="query"):
        ValkeyVectorKnowledgeStore(redis_cluster_url, index="query")


def test_the_store_can_be_awaited_in_threads(valkey_query_url: str, fresh_prefix: str) -> None:
    async def main() -> list[str]:
        async with async_view(ValkeyVectorKnowledgeStore(valkey_query_url, prefix=fresh_prefix)) as store:
            await store.create_collection("docs", 2)
            await store.insert("docs", [_document("a", 1.0, 0.0), _document("b", 0.0, 1.0)])
            return [one.id for one in await store.search("docs", [0.0, 1.0], 1)]

    assert asyncio.run(main()) == ["b"]


@pytest.mark.parametrize(
    "options", [{"index": "hnsw"}, {"index": ""}, {"prefix": "{a}"}, {"algorithm": "IVF"}, {"m": 0}], ids=str
)
def test_a_wrong_option_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(PersistError) as caught:
        ValkeyVectorKnowledgeStore("valkey://localhost", **options)
    assert caught.value.backend == "valkey"
    assert isinstance(caught.value, (ConfigurationError, InvalidInputError))


@pytest.mark.parametrize("answers", [False, True], ids=["down", "hanging"])
def test_a_server_that_does_not_answer_is_given_up_in_time(answers: bool) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        if answers:
            reserved.listen()
        options: dict[str, Any] = {"host": "127.0.0.1", "port": reserved.getsockname()[1], "password": "hunter22"}
        with ValkeyVectorKnowledgeStore(**options, timeout=0.5, connect_timeout=0.5) as store:
            began = time.monotonic()
            with pytest.raises((UnavailableError, OperationTimeoutError)) as caught:
                store.list_collections()
            assert time.monotonic() - began < 5
            assert "hunter22" not in str(caught.value) + repr(store)


def test_a_server_killed_in_mid_insert_loses_no_acknowledged_document(valkey_engine: Any, fresh_prefix: str) -> None:
    stored, stop = list[str](), threading.Event()

    def work(number: int) -> None:
        for i in itertools.count():
            if stop.is_set():
                return
            ids = [f"{number}-{i}-{j}" for j in range(5)]
            with contextlib.suppress(UnavailableError, OperationTimeoutError):
                store.insert("docs", [_document(id_, 1.0 + i, 2.0) for id_ in ids])
                stored.extend(ids)

    options: dict[str, Any] = {"prefix": fresh_prefix, "index": "flat", "flat_limit": 10**6}
    with ValkeyVectorKnowledgeStore(valkey_engine.url, **options) as store, ThreadPoolExecutor(4) as threads:
        store.create_collection("docs", 2)
        jobs = [threads.submit(work, number) for number in range(4)]
        for _ in range(2):
            time.sleep(0.5)
            valkey_engine.kill()
            valkey_engine.restart()
        time.sleep(0.3)
        stop.set()
        for job in jobs:
            job.result(60)
        assert len(stored) > 50
        found = {one.id for one in store.iter_documents("docs")}
        assert found >= set(stored)
        assert len(found) == store.count("docs")
