"""What the knowledge stores add to the contract: which index, freshness, limits, names of fields."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import pymongo
import pytest

from praison_persist import (
    KNOWLEDGE_STORES,
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    OperationTimeoutError,
    UnsupportedError,
)
from praison_persist_mongodb.knowledge import AsyncMongoDBVectorKnowledgeStore, MongoDBVectorKnowledgeStore, indexes

LAG = 0.4


def document(id_: str, embedding: list[float], **metadata: Any) -> KnowledgeDocument:
    return KnowledgeDocument(id_, f"text of {id_}", embedding, metadata=metadata)


@pytest.fixture
def store(mongodb_url: str, fresh_prefix: str) -> Any:
    with MongoDBVectorKnowledgeStore(mongodb_url, collection=f"{fresh_prefix}vectors", timeout=30) as opened:
        yield opened


@pytest.mark.parametrize("name", ["mongodb_vector", "mongodb_atlas", "mongo_vector"])
def test_the_aliases_lead_to_the_store(name: str) -> None:
    store = KNOWLEDGE_STORES.create(name, url="mongodb://ada:s3cret@h/app", embedding_dim=384)
    assert repr(store) == "MongoDBVectorKnowledgeStore('mongodb://h/app', collection='vectors')"
    assert isinstance(KNOWLEDGE_STORES.create_from_url("mongodb+srv://h.example.net/"), MongoDBVectorKnowledgeStore)


@pytest.mark.parametrize(
    "options",
    [
        {"collection": "a$b"},
        {"index_name": ""},
        {"embedding_field": "a.b"},
        {"text_field": "facts"},
        {"text_field": "embedding"},
        {"search": "brute"},
        {"num_candidates": 10_001},
        {"num_candidates": 0},
        {"quantization": "int8"},
        {"max_edges": 15},
        {"num_edge_candidates": 99},
        {"vector_index": "hnsw"},
        {"search": "cosmos", "vector_index": "flat"},
        {"search": "cosmos", "quantization": "scalar"},
        {"search": "cosmos", "vector_index": "diskann", "quantization": "half"},
        {"search": "cosmos", "vector_index": "ivf", "max_edges": 16},
        {"search": "cosmos", "max_edges": 40},
        {"search": "cosmos", "num_edge_candidates": 1001},
        {"search": "cosmos", "num_candidates": 1001},
        {"ready_timeout": 0},
        {"embedding_dim": 0},
    ],
)
def test_a_wrong_option_names_the_backend(options: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, InvalidInputError)) as caught:
        MongoDBVectorKnowledgeStore(**options)
    assert caught.value.backend == "mongodb_vector"


def test_a_collection_with_another_dimension_or_distance_is_told(store: Any) -> None:
    store.create_collection("docs", 3, "euclidean")
    for dimension, distance in ((4, "euclidean"), (3, "cosine")):
        with pytest.raises(AlreadyExistsError, match=f"dimension 3 and distance 'euclidean', not {dimension}"):
            store.create_collection("docs", dimension, distance)


def test_options_reach_the_index_and_fields_have_the_names_given(mongodb_url: str, fresh_prefix: str) -> None:
    options: dict[str, Any] = {"embedding_field": "vec", "text_field": "body", "index_name": "mine"}
    graph: dict[str, Any] = {"quantization": "scalar", "max_edges": 32, "num_edge_candidates": 200}
    catalog = f"{fresh_prefix}vectors"
    with (
        MongoDBVectorKnowledgeStore(mongodb_url, collection=catalog, search="atlas", **options, **graph) as store,
        pymongo.MongoClient(mongodb_url) as client,
    ):
        store.create_collection("docs", 2)
        store.insert("docs", [KnowledgeDocument("a", "hello", [1.0, 0.5], {"n": 2**70}, "hash", 5.5)])
        raw = client["praisonai"][client["praisonai"][catalog].find_one()["documents"]]
        (index,) = raw.list_search_indexes()
        (vector,) = [one for one in index["latestDefinition"]["fields"] if one["type"] == "vector"]
        assert index["name"] == "mine"
        assert vector == {
            "type": "vector",
            "path": "vec",
            "numDimensions": 2,
            "similarity": "cosine",
            "quantization": "scalar",
            "hnswOptions": {"maxEdges": 32, "numEdgeCandidates": 200},
        }
        row = raw.find_one({"_id": "a"})
        assert (row["body"], row["content_hash"], row["created_at"]) == ("hello", "hash", 5.5)
        assert row["vec"].as_vector().data == [1.0, 0.5]
        assert store.get("docs", ["a"])[0].metadata == {"n": 2**70}
        store.delete_collection("docs")
        assert raw.count_documents({}) == client["praisonai"][catalog].count_documents({}) == 0


def test_what_an_index_cannot_do_is_compared_and_logged(store: Any, caplog: pytest.LogCaptureFixture) -> None:
    store.create_collection("docs", 2, "dot")
    store.insert("docs", [document("a", [3.0, 0.0]), document("b", [-3.0, 0.0]), document("c", [-5.0, 0.0])])
    assert [(one.id, one.score) for one in store.search("docs", [2, 0])] == [("a", 6.0), ("b", -6.0), ("c", -10.0)]
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        "collection 'docs' has no search index: a search compares with each of its documents"
    ]


def test_an_index_that_was_asked_for_and_cannot_be_is_refused(mongodb_url: str, fresh_prefix: str) -> None:
    with MongoDBVectorKnowledgeStore(mongodb_url, collection=fresh_prefix, search="atlas") as store:
        with pytest.raises(InvalidInputError, match="dot"):
            store.create_collection("docs", 2, "dot")
        with pytest.raises(InvalidInputError, match="8192"):
            store.create_collection("docs", 8193)
        assert store.list_collections() == []


def test_a_server_without_search_is_found_out(
    make_mongodb: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    url = make_mongodb("--no-search").url
    with MongoDBVectorKnowledgeStore(url) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [document("a", [1.0, 0.0], lang="de"), document("b", [1.0, 0.1], lang="en")])
        assert [one.id for one in store.search("docs", [1, 0], filters={"lang": {"$gte": "e"}})] == ["b"]
        assert "no search index" in caplog.text
    with MongoDBVectorKnowledgeStore(url, search="atlas") as store, pytest.raises(UnsupportedError, match="no vector"):
        store.create_collection("more", 2)


def test_a_store_may_compare_although_there_is_an_index(mongodb_url: str, fresh_prefix: str) -> None:
    with MongoDBVectorKnowledgeStore(mongodb_url, collection=fresh_prefix) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [document("a", [1.0, 0.0])])
    with MongoDBVectorKnowledgeStore(mongodb_url, collection=fresh_prefix, search="exact") as store:
        assert [one.id for one in store.search("docs", [1, 0])] == ["a"]


def test_ranges_and_more_than_mongodb_gives_at_once_are_exact(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store.create_collection("docs", 2)
    store.insert("docs", [document(f"d{number}", [1.0, number / 100], n=number) for number in range(60)])
    monkeypatch.setattr(indexes.AtlasIndex, "most", 20)  # of 10,000
    expected = [f"d{number}" for number in range(60)]
    assert [one.id for one in store.search("docs", [1, 0], 55)] == expected[:55]
    late = store.search("docs", [1, 0], 3, filters={"n": {"$gte": 57}})  # the best 20 do not match
    assert [one.id for one in late] == expected[57:]


def test_long_texts_are_filtered_exactly(store: Any) -> None:
    store.create_collection("docs", 2)
    long = "x" * 5000
    store.insert("docs", [document("a", [1.0, 0.0], t=f"{long}a"), document("b", [1.0, 0.0], t=f"{long}b")])
    for filters, expected in (
        ({"t": f"{long}a"}, ["a"]),
        ({"t": {"$gt": f"{long}a"}}, ["b"]),
        ({"t": {"$not": {"$gt": f"{long}a"}}}, ["a"]),
        ({"t": {"$gt": "x"}}, ["a", "b"]),
        ({"t": {"$gte": "y"}}, []),
    ):
        assert sorted(one.id for one in store.search("docs", [1, 0], filters=filters)) == expected
        assert sorted(one.id for one in store.iter_documents("docs", filters, batch_size=1)) == expected
        assert store.count("docs", filters) == len(expected)
    assert store.delete("docs", filters={"t": {"$gt": f"{long}a"}}) == 1


def test_what_is_too_large_is_refused_before_any_of_the_batch_is_written(store: Any) -> None:
    store.create_collection("docs", 2)
    large = KnowledgeDocument("z", "x" * (16 * 1024 * 1024), [1.0, 0.0])
    for write in (store.insert, store.upsert):
        with pytest.raises(InvalidInputError, match="16777216"):
            write("docs", [document("a", [1.0, 0.0]), large])
    assert store.count("docs") == 0


def test_a_written_document_is_found_at_once_or_with_wait_false_later(make_mongodb: Callable[..., Any]) -> None:
    with MongoDBVectorKnowledgeStore(make_mongodb("--lag", str(LAG)).url) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [document(f"d{number}", [1.0, number]) for number in range(5)])
        assert len(store.search("docs", [1, 0])) == 5
        store.upsert("docs", [document("d4", [1.0, -0.1])])
        assert [one.id for one in store.search("docs", [1, -0.1], 1)] == ["d4"]
        began = time.monotonic()
        store.insert("docs", [document("late", [0.0, -1.0])], wait=False)
        assert time.monotonic() - began < LAG
        assert [one.id for one in store.search("docs", [0, -1], 1)] != ["late"]
        assert [one.id for one in store.get("docs", ["late"])] == ["late"]
        time.sleep(LAG + 0.1)
        assert [one.id for one in store.search("docs", [0, -1], 1)] == ["late"]


def test_a_document_that_does_not_show_in_time_is_told(make_mongodb: Callable[..., Any]) -> None:
    with MongoDBVectorKnowledgeStore(make_mongodb("--lag", "30").url, wait_timeout=0.4) as store:
        store.create_collection("docs", 2)
        began = time.monotonic()
        with pytest.raises(OperationTimeoutError, match="does not find the documents yet"):
            store.upsert("docs", [document("a", [1.0, 0.0])])
        assert time.monotonic() - began < 3
        assert store.count("docs") == 1


def test_asynchronous_stores_wait_likewise(make_mongodb: Callable[..., Any]) -> None:
    async def used(url: str) -> list[str]:
        async with AsyncMongoDBVectorKnowledgeStore(url) as store:
            await store.create_collection("docs", 2)
            await store.upsert("docs", [document("a", [1.0, 0.0])])
            return [one.id for one in await store.search("docs", [1, 0])]

    assert asyncio.run(used(make_mongodb("--lag", str(LAG), "--building", "0.2").url)) == ["a"]


def test_a_new_index_is_waited_for_and_its_state_told(
    make_mongodb: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "praison_persist_mongodb")
    url = make_mongodb("--building", "0.8").url
    with (
        MongoDBVectorKnowledgeStore(url, ready_timeout=0.2) as store,
        pytest.raises(OperationTimeoutError, match="is not ready"),
    ):
        store.create_collection("docs", 2)
    with MongoDBVectorKnowledgeStore(url) as store:  # another one waits for it
        store.insert("docs", [document("a", [1.0, 0.0])])
        assert [one.id for one in store.search("docs", [1, 0])] == ["a"]
    assert "BUILDING" in caplog.text
    assert "READY" in caplog.text


def test_an_index_that_somebody_deleted_is_made_again(mongodb_url: str, fresh_prefix: str) -> None:
    with (
        MongoDBVectorKnowledgeStore(mongodb_url, collection=fresh_prefix) as store,
        pymongo.MongoClient(mongodb_url) as client,
    ):
        store.create_collection("docs", 2)
        database = client["praisonai"]
        database[database[fresh_prefix].find_one()["documents"]].drop_search_index("vector_index")
        with MongoDBVectorKnowledgeStore(mongodb_url, collection=fresh_prefix) as second:
            second.insert("docs", [document("a", [1.0, 0.0])])
            assert [one.id for one in second.search("docs", [1, 0])] == ["a"]
