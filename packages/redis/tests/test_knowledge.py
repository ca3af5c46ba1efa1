"""What Redis's knowledge stores do beyond the contract: choosing an index, clusters, keys, faults of the server."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from praison_persist import KnowledgeDocument
from praison_persist.errors import (
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
    UnsupportedError,
)
from praison_persist.scores import score
from praison_persist_redis.knowledge import AsyncRedisVectorKnowledgeStore, RedisVectorKnowledgeStore


def _document(id_: str, *embedding: float, **metadata: Any) -> KnowledgeDocument:
    return KnowledgeDocument(id=id_, content=id_, embedding=list(embedding) or [1.0, 2.0], metadata=metadata or None)


@pytest.mark.parametrize(
    ("engine", "kind"), [("redis8_url", "vectorset"), ("redis_query_url", "query")], ids=["vector sets", "query engine"]
)
def test_the_index_is_what_the_server_has(
    engine: str, kind: str, request: pytest.FixtureRequest, fresh_prefix: str
) -> None:
    with RedisVectorKnowledgeStore(request.getfixturevalue(engine), prefix=fresh_prefix) as store:
        store.create_collection("docs", 2)
        assert store._places["docs" if store.describe_collection("docs") else ""].kind == kind


def test_a_server_without_any_index_is_refused_unless_flat_is_asked_for(redis_url: str, fresh_prefix: str) -> None:
    with RedisVectorKnowledgeStore(redis_url, prefix=fresh_prefix) as store:
        with pytest.raises(UnsupportedError, match="query nor vectorset") as caught:
            store.create_collection("docs", 2)
        assert "flat" in str(caught.value.hint)
        assert store.list_collections() == []


def test_a_vector_set_takes_no_other_distance(redis8_url: str, fresh_prefix: str) -> None:
    with (
        RedisVectorKnowledgeStore(redis8_url, prefix=fresh_prefix, index="vectorset") as store,
        pytest.raises(InvalidInputError, match="euclidean"),
    ):
        store.create_collection("docs", 2, "euclidean")


def test_a_flat_search_has_a_limit(redis_url: str, fresh_prefix: str) -> None:
    with RedisVectorKnowledgeStore(redis_url, prefix=fresh_prefix, index="flat", flat_limit=2) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [_document("a"), _document("b")])
        assert len(store.search("docs", [1.0, 1.0])) == 2
        store.insert("docs", [_document("c")])
        with pytest.raises(UnsupportedError, match="3 documents"):
            store.search("docs", [1.0, 1.0])


def test_a_store_reads_collections_with_any_index(redis8_url: str, fresh_prefix: str) -> None:
    with RedisVectorKnowledgeStore(redis8_url, prefix=fresh_prefix, index="flat") as flat:
        flat.create_collection("docs", 2, "dot")
        flat.insert("docs", [_document("a", 3.0, 4.0)])
    with RedisVectorKnowledgeStore(redis8_url, prefix=fresh_prefix, index="vectorset") as store:
        assert [one.score for one in store.search("docs", [1.0, 1.0])] == [7.0]


@pytest.mark.parametrize("index", ["vectorset", "query", "flat"])
def test_words_are_searched_by_the_query_engine_only(index: str, redis8_url: str, fresh_prefix: str) -> None:
    store = RedisVectorKnowledgeStore(redis8_url, prefix=fresh_prefix, index=index)
    assert store.search_modes == (("vector", "keyword") if index == "query" else ("vector",))


def test_a_word_that_is_none_finds_nothing(redis_query_url: str, fresh_prefix: str) -> None:
    with RedisVectorKnowledgeStore(redis_query_url, prefix=fresh_prefix, index="query,flat") as store:
        store.create_collection("docs", 2)
        store.insert("docs", [_document("a")])
        assert store.search("docs", None, text="?!", mode="keyword") == []
        store.create_collection("flat", 2, "manhattan")
        with pytest.raises(UnsupportedError, match="no index of words"):
            store.search("flat", None, text="a", mode="keyword")


def test_an_index_that_disappeared_is_made_again(redis_query_url: str, fresh_prefix: str) -> None:
    with RedisVectorKnowledgeStore(redis_query_url, prefix=fresh_prefix, index="query", max_retries=0) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [_document("a")])
        with redis.Redis.from_url(redis_query_url) as client:
            client.execute_command("FT.DROPINDEX", store._places["docs"].index)
        with pytest.raises(UnavailableError, match="being built") as caught:
            store.search("docs", [1.0, 1.0])
        assert caught.value.retryable
        assert [one.id for one in store.search("docs", [1.0, 1.0])] == ["a"]


def test_what_another_store_deleted_is_not_written_to(redis8_url: str, fresh_prefix: str) -> None:
    options: dict[str, Any] = {"prefix": fresh_prefix, "index": "vectorset"}
    with (
        RedisVectorKnowledgeStore(redis8_url, **options) as one,
        RedisVectorKnowledgeStore(redis8_url, **options) as other,
    ):
        one.create_collection("docs", 2)
        one.insert("docs", [_document("a")])
        for call in (
            lambda: one.insert("docs", [_document("b")]),
            lambda: one.search("docs", [1.0, 1.0]),
            lambda: one.get("docs", ["a"]),
            lambda: one.count("docs", {"x": 1}),
            lambda: one.delete("docs", ["a"]),
        ):
            assert one.count("docs") == other.count("docs") == 1
            other.delete_collection("docs")
            other.create_collection("docs", 3)
            with pytest.raises(NotFoundError):
                call()
            other.delete_collection("docs")
            other.create_collection("docs", 2)
            other.insert("docs", [_document("a")])
        assert one.delete_collection("docs")
        with redis.Redis.from_url(redis8_url) as client:
            left = [key.decode() for key in client.scan_iter(f"{fresh_prefix}*")]
        assert left == [f"{fresh_prefix}collections"]


def test_a_range_beside_an_equality_finds_what_matches(redis8_url: str, fresh_prefix: str) -> None:
    source = random.Random(3)
    given = [
        _document(f"d{i}", *(source.gauss(0, 1) for _ in range(8)), n=i, even=i % 2 == 0, tags=["x"] * (i % 3 == 0))
        for i in range(600)
    ]
    query = [1.0] + [0.0] * 7
    with RedisVectorKnowledgeStore(redis8_url, prefix=fresh_prefix, index="vectorset") as store:
        store.create_collection("docs", 8)
        store.insert("docs", given)
        for filters in (
            {"n": {"$gte": 590}},
            {"n": {"$lt": 30}, "even": True},
            {"$and": [{"$and": [{"n": {"$gt": 1e-9}}, {"n": {"$lt": 1e300}}]}, {"tags": {"$in": ["y", "x"]}}]},
            {"n": {"$gte": -(2**60)}, "even": {"$exists": True}, "tags": "x"},
            {"$not": {"n": {"$gt": 5}}, "tags": {"$ne": "x"}},
            {"$or": [{"n": {"$gt": 596}}, {"tags": {"$in": ["y"]}}, {"even": None}]},
        ):
            matching = {one.id for one in store.iter_documents("docs", filters)}
            best = sorted(
                (one for one in given if one.id in matching),
                key=lambda one: -score("cosine", one.embedding or [], query),
            )
            found = store.search("docs", query, 7, filters)
            assert [one.id for one in found] == [one.id for one in best[:7]]


def test_a_cluster_keeps_a_collection_on_one_node(redis_cluster_url: str, fresh_prefix: str) -> None:
    with RedisVectorKnowledgeStore(redis_cluster_url, prefix=fresh_prefix, index="flat") as store:
        for name in ("one", "two", "three", "four"):
            store.create_collection(name, 2)
            store.insert(name, [_document("a", 1.0, 0.0), _document("b", 0.0, 1.0, x=1)])
            assert [found.id for found in store.search(name, [0.0, 1.0], 1)] == ["b"]
            assert store.delete(name, filters={"x": 1}) == 1
            assert store.count(name) == 1
        assert store.delete_collection("one")
        assert store.list_collections() == ["four", "three", "two"]
        assert store.health().server == "Redis"
    with pytest.raises(ConfigurationError, match="query"):
        RedisVectorKnowledgeStore(redis_cluster_url, index="query")


@pytest.mark.parametrize(
    "options",
    [{"index": "hnsw"}, {"index": ""}, {"prefix": "{a}"}, {"algorithm": "IVF"}, {"quantization": "Q4"}, {"m": -1}],
    ids=str,
)
def test_a_wrong_option_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(PersistError) as caught:
        RedisVectorKnowledgeStore("redis://localhost", **options)
    assert caught.value.backend == "redis"
    assert isinstance(caught.value, (ConfigurationError, InvalidInputError))


def test_a_server_that_is_away_is_said_at_once() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        with RedisVectorKnowledgeStore(host="127.0.0.1", port=port, password="hunter22") as store:
            began = time.monotonic()
            with pytest.raises(UnavailableError, match=f"127.0.0.1:{port}") as caught:
                store.list_collections()
            assert time.monotonic() - began < 5
            assert "hunter22" not in str(caught.value) + repr(store)


def test_a_server_that_never_answers_is_given_up_in_time(silent_port: int) -> None:
    options: dict[str, Any] = {"host": "127.0.0.1", "port": silent_port, "timeout": 0.3, "connect_timeout": 0.3}

    async def ask() -> None:
        async with AsyncRedisVectorKnowledgeStore(**options) as store:
            with pytest.raises(OperationTimeoutError):
                await store.count("docs")

    began = time.monotonic()
    with RedisVectorKnowledgeStore(**options) as store, pytest.raises(OperationTimeoutError):
        store.count("docs")
    asyncio.run(ask())
    assert time.monotonic() - began < 5


def test_a_server_killed_in_mid_insert_loses_no_acknowledged_document(redis8_engine: Any, fresh_prefix: str) -> None:
    stored, stop = list[str](), threading.Event()

    def work(number: int) -> None:
        for i in itertools.count():
            if stop.is_set():
                return
            ids = [f"{number}-{i}-{j}" for j in range(5)]
            with contextlib.suppress(UnavailableError, OperationTimeoutError):
                store.insert("docs", [_document(id_, 1.0 + i, 2.0) for id_ in ids])
                stored.extend(ids)

    options: dict[str, Any] = {"prefix": fresh_prefix, "index": "vectorset", "retry_delay": 0.01}
    with RedisVectorKnowledgeStore(redis8_engine.url, **options) as store, ThreadPoolExecutor(4) as threads:
        store.create_collection("docs", 2)
        jobs = [threads.submit(work, number) for number in range(4)]
        for _ in range(2):
            time.sleep(0.5)
            redis8_engine.kill()
            redis8_engine.restart()
        time.sleep(0.3)
        stop.set()
        for job in jobs:
            job.result(60)
        assert len(stored) > 50
        found = {one.id for one in store.iter_documents("docs")}
        assert found >= set(stored)
        assert len(found) == store.count("docs") == len(store.search("docs", [1.0, 2.0], len(found)))
