"""What this store adds to the contract: containers and their policies, conflicts, limits, waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from azure.cosmos import CosmosClient, PartitionKey

from praison_persist import (
    AlreadyExistsError,
    InvalidInputError,
    KnowledgeDocument,
    OperationTimeoutError,
    UnsupportedError,
)
from praison_persist_cosmosdb import AsyncCosmosDBKnowledgeStore, CosmosDBKnowledgeStore, reading
from praison_persist_cosmosdb.convert import to_item_id
from praison_persist_cosmosdb.writing import position_of


@pytest.fixture
def options(cosmosdb_url: str, fresh_prefix: str) -> Iterator[dict[str, Any]]:
    """Of a store with containers of its own."""
    given = {"url": cosmosdb_url, "collection": f"{fresh_prefix}vectors"}
    yield given
    with CosmosDBKnowledgeStore(**given) as opened:
        for name in opened.list_collections():
            opened.delete_collection(name)


@pytest.fixture
def store(options: dict[str, Any]) -> Iterator[CosmosDBKnowledgeStore]:
    with CosmosDBKnowledgeStore(**options) as opened:
        yield opened


@pytest.fixture
def raw(cosmosdb_url: str) -> Iterator[Any]:
    """The vendor's client of the database."""
    parts = urlsplit(cosmosdb_url)
    endpoint = f"{parts.scheme}://{parts.hostname}:{parts.port or 443}"
    with CosmosClient(endpoint, unquote(parts.password or "")) as client:
        yield client.create_database_if_not_exists(parts.path.strip("/") or "praisonai")


def document(id_: str, embedding: list[float], **metadata: Any) -> KnowledgeDocument:
    return KnowledgeDocument(id_, f"text of {id_}", embedding, metadata=metadata)


def test_a_container_with_another_dimension_or_distance_is_told(store: CosmosDBKnowledgeStore) -> None:
    store.create_collection("docs", 3, "dot")
    for dimension, distance in ((4, "dot"), (3, "cosine")):
        with pytest.raises(AlreadyExistsError, match=f"dimension 3 and distance 'dot', not {dimension}"):
            store.create_collection("docs", dimension, distance)


def test_policies_and_throughput_reach_the_container(options: dict[str, Any], raw: Any) -> None:
    with CosmosDBKnowledgeStore(
        **options,
        embedding_field="vector",
        text_field="text",
        vector_index="diskANN",
        quantization_byte_size=64,
        indexing_search_list_size=200,
        max_throughput=1000,
    ) as store:
        store.create_collection("docs", 128, "euclidean")
        told = raw.get_container_client(f"{options['collection']}.docs").read()
        assert told["vectorEmbeddingPolicy"]["vectorEmbeddings"] == [
            {"path": "/vector", "dataType": "float32", "distanceFunction": "euclidean", "dimensions": 128}
        ]
        assert told["indexingPolicy"]["vectorIndexes"] == [
            {"path": "/vector", "type": "diskANN", "quantizationByteSize": 64, "indexingSearchListSize": 200}
        ]
        assert {"path": "/vector/*"} in told["indexingPolicy"]["excludedPaths"]
        store.insert("docs", [document("a", [1.0] * 128)])
        assert store.search("docs", [1.0] * 128)[0].score == 1.0
    with CosmosDBKnowledgeStore(**options) as other, pytest.raises(UnsupportedError, match="no embeddings"):
        other.count("docs")


def test_a_flat_index_has_few_dimensions(options: dict[str, Any]) -> None:
    with CosmosDBKnowledgeStore(**options, vector_index="flat") as store:
        with pytest.raises(InvalidInputError, match="505"):
            store.create_collection("docs", 506)
        store.create_collection("docs", 505)


def test_containers_of_others_are_not_seen(store: CosmosDBKnowledgeStore, options: dict[str, Any], raw: Any) -> None:
    store.create_collection("docs", 2)
    names = [f"{options['collection']}.no-name", f"{options['collection']}x"]
    try:
        for name in names:
            raw.create_container(name, PartitionKey("/id"))
        assert store.list_collections() == ["docs"]
    finally:
        for name in names:
            raw.delete_container(name)


@pytest.mark.parametrize("id_", ["a/b", "a\\b", "a?", "#", "é", "~", "a ", "x" * 256, "\n", "a\tb"])
def test_ids_that_cosmosdb_does_not_take_are_kept(store: CosmosDBKnowledgeStore, id_: str) -> None:
    store.create_collection("docs", 2)
    store.insert("docs", [document(id_, [1, 0]), document("other", [0, 1])])
    assert to_item_id(id_) != id_
    assert [found.id for found in store.get("docs", [id_])] == [id_]
    assert store.search("docs", [1, 0], limit=1)[0].id == id_
    with pytest.raises(AlreadyExistsError) as caught:
        store.insert("docs", [document("new", [1, 0]), document(id_, [1, 0])])
    assert repr(id_) in str(caught.value)
    assert store.delete("docs", [id_]) == 1
    assert store.count("docs") == 1


def test_an_item_that_is_too_large_is_refused_before_anything_is_written(store: CosmosDBKnowledgeStore) -> None:
    store.create_collection("docs", 2)
    large = KnowledgeDocument("b", "x" * 2_100_000, [1.0, 0.0])
    with pytest.raises(InvalidInputError, match="2097152"):
        store.insert("docs", [document("a", [1, 0]), large])
    assert store.count("docs") == 0


def test_a_batch_of_several_transactions_is_refused_as_a_whole(store: CosmosDBKnowledgeStore) -> None:
    store.create_collection("docs", 2)
    many = [KnowledgeDocument(f"d{number:02}", "x" * 90_000, [1.0, 0.0]) for number in range(60)]  # 5 MB
    store.insert("docs", [many[-1]])
    with pytest.raises(AlreadyExistsError, match="'d59' exists"):
        store.insert("docs", many)
    assert [found.id for found in store.iter_documents("docs")] == ["d59"]
    store.upsert("docs", many)
    assert store.count("docs") == 60
    assert store.delete("docs", [f"d{number:02}" for number in range(0, 60, 2)]) == 30


def test_another_writers_collection_made_anew_is_used(store: CosmosDBKnowledgeStore, options: dict[str, Any]) -> None:
    store.create_collection("docs", 2)
    store.insert("docs", [document("a", [1, 0])])
    with CosmosDBKnowledgeStore(**options) as other:
        other.delete_collection("docs")
        other.create_collection("docs", 2)
        other.insert("docs", [document("b", [1, 0])])
    assert [found.id for found in store.search("docs", [1, 0])] == ["b"]
    store.insert("docs", [document("a", [1, 0])])
    assert store.count("docs") == 2


def test_a_search_for_more_than_a_query_orders_reads_the_rest(
    store: CosmosDBKnowledgeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MOST", 5)
    monkeypatch.setattr(reading, "_AT_ONCE", 7)
    store.create_collection("docs", 2)
    store.insert("docs", [document(f"d{number:02}", [1.0, number / 10], name=f"n{number:02}") for number in range(20)])
    assert [found.id for found in store.search("docs", [1, 0], limit=12)] == [f"d{number:02}" for number in range(12)]
    named = store.search("docs", [1, 0], limit=3, filters={"name": {"$gte": "n15"}})  # decided on the documents
    assert [found.id for found in named] == ["d15", "d16", "d17"]


def test_what_an_approximate_index_overlooks_is_read(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with CosmosDBKnowledgeStore(**options, vector_index="diskANN") as store:
        store.create_collection("docs", 2)
        store.insert("docs", [document(f"d{number}", [1.0, number / 10]) for number in range(5)])
        rows = store._engine.rows

        def overlooking(container: str, sql: str, *arguments: Any, **given: Any) -> Any:
            found = rows(container, sql, *arguments, **given)
            return found[:1] if "VectorDistance" in sql else found

        monkeypatch.setattr(store._engine, "rows", overlooking)
        assert [found.id for found in store.search("docs", [1, 0], limit=3)] == ["d0", "d1", "d2"]


def test_queries_see_what_was_waited_for(make_cosmosdb: Callable[..., Any]) -> None:
    with CosmosDBKnowledgeStore(make_cosmosdb("--lag", "0.4").url) as store:
        store.create_collection("docs", 2)
        began = time.monotonic()
        store.insert("docs", [document("a", [1, 0]), document("b", [0, 1])])
        assert time.monotonic() - began >= 0.4
        assert [found.id for found in store.search("docs", [1, 0.1])] == ["a", "b"]
        store.upsert("docs", [document("a", [0, 1]), document("b", [1, 0])])
        assert [found.id for found in store.search("docs", [1, 0.1])] == ["b", "a"]
        assert store.delete("docs", ["a", "missing"]) == 1
        assert [found.id for found in store.search("docs", [1, 0.1])] == ["b"]


def test_without_waiting_a_write_is_seen_later(make_cosmosdb: Callable[..., Any]) -> None:
    with CosmosDBKnowledgeStore(make_cosmosdb("--lag", "0.6").url) as store:
        store.create_collection("docs", 2)
        began = time.monotonic()
        store.upsert("docs", [document("a", [1, 0])], wait=False)
        early = store.search("docs", [1, 0])
        assert time.monotonic() - began < 0.6
        assert early == []
        time.sleep(0.7)
        assert [found.id for found in store.search("docs", [1, 0])] == ["a"]


def test_a_document_that_does_not_show_in_time_is_told(make_cosmosdb: Callable[..., Any]) -> None:
    async def written(url: str) -> None:
        async with AsyncCosmosDBKnowledgeStore(url, wait_timeout=0.4) as store:
            await store.upsert("docs", [document("a", [1, 0])])

    url = make_cosmosdb("--lag", "30").url
    with CosmosDBKnowledgeStore(url, wait_timeout=0.4) as store:
        store.create_collection("docs", 2)
        began = time.monotonic()
        with pytest.raises(OperationTimeoutError, match="do not see the change yet"):
            store.upsert("docs", [document("a", [1, 0])])
        with pytest.raises(OperationTimeoutError, match="do not see the change yet"):
            asyncio.run(written(url))
        assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    ("token", "expected"),
    [("0:-1#12", ("0", 12)), ("3:1#100#1=20#2=5", ("3", 100)), ("0:7", ("0", 7)), ("0:-1#1,1:-1#2", None), ("x", None)],
)
def test_session_tokens_tell_a_position(token: str, expected: Any) -> None:
    assert position_of({"x-ms-session-token": token}) == expected
    assert position_of({}) is None
