"""The knowledge stores on Azure Cosmos DB for MongoDB (vCore): which index, what completes a search; the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pymongo
import pytest
from pymongo.errors import OperationFailure

from praison_persist import InvalidInputError, KnowledgeDocument, PersistError
from praison_persist_mongodb.knowledge import MongoDBVectorKnowledgeStore


def document(id_: str, embedding: list[float], **metadata: Any) -> KnowledgeDocument:
    return KnowledgeDocument(id_, f"text of {id_}", embedding, metadata=metadata)


@pytest.fixture
def database(cosmosdb_mongodb_url: str) -> Iterator[Any]:
    with pymongo.MongoClient(cosmosdb_mongodb_url) as client:
        yield client["praisonai"]


def opened(url: str, collection: str, **options: Any) -> MongoDBVectorKnowledgeStore:
    return MongoDBVectorKnowledgeStore(url, **{"collection": collection, "search": "cosmos", "timeout": 30, **options})


def raw(database: Any, collection: str) -> Any:
    return database[database[collection].find_one()["documents"]]


@pytest.mark.parametrize(
    ("distance", "options", "expected"),
    [
        ("cosine", {}, {"kind": "vector-hnsw", "m": 16, "efConstruction": 64, "similarity": "COS"}),
        (
            "euclidean",
            {"vector_index": "diskann", "max_edges": 20, "num_edge_candidates": 100},
            {"kind": "vector-diskann", "maxDegree": 20, "lBuild": 100, "similarity": "L2"},
        ),
        ("dot", {"vector_index": "ivf"}, {"kind": "vector-ivf", "numLists": 1, "similarity": "IP"}),
        (
            "dot",
            {"quantization": "half", "max_edges": 32},
            {"kind": "vector-hnsw", "m": 32, "efConstruction": 64, "similarity": "IP", "compression": "half"},
        ),
    ],
)
def test_options_reach_the_index_and_scores_are_exact(
    cosmosdb_mongodb_url: str, fresh_prefix: str, database: Any, distance: Any, options: Any, expected: Any
) -> None:
    with opened(cosmosdb_mongodb_url, fresh_prefix, index_name="mine", **options) as store:
        store.create_collection("docs", 2, distance)
        store.insert("docs", [document("a", [1000.3, 0.7]), document("b", [-2.0, 0.4])])
        found = store.search("docs", [1.1, 2.3])
    scores = {
        "cosine": [0.4319, -0.2459],
        "euclidean": [0.2159, 0.0010],
        "dot": [1101.94, -1.28],
    }
    assert [one.score for one in found] == pytest.approx(scores[distance], abs=1e-3)
    listed = {index["name"]: index for index in raw(database, fresh_prefix).list_indexes()}
    assert listed["mine"]["key"] == {"embedding": "cosmosSearch"}
    assert listed["mine"]["cosmosSearch"] == {**expected, "dimensions": 2}
    assert {"facts": 1} in [index["key"] for index in listed.values()]


def test_what_the_index_overlooks_is_found(cosmosdb_mongodb_url: str, fresh_prefix: str) -> None:
    with opened(cosmosdb_mongodb_url, fresh_prefix, num_candidates=10) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [document(f"d{number:02}", [1.0, number / 100], n=number) for number in range(60)])
        expected = [f"d{number:02}" for number in range(60)]
        assert [one.id for one in store.search("docs", [1, 0], 55)] == expected[:55]
        assert [one.id for one in store.search("docs", [1, 0], 3, filters={"n": 59})] == expected[59:]
        assert [one.id for one in store.search("docs", [1, 0], 3, filters={"n": {"$gte": 57}})] == expected[57:]


def test_a_store_without_the_index_writes_what_it_takes(cosmosdb_mongodb_url: str, fresh_prefix: str) -> None:
    with opened(cosmosdb_mongodb_url, fresh_prefix) as store:
        store.create_collection("docs", 2)
        for search in ("exact", "auto"):
            with opened(cosmosdb_mongodb_url, fresh_prefix, search=search) as other:
                other.insert("docs", [document(search, [1.0, 0.0])])
                assert len(other.search("docs", [1, 0])) == len(store.search("docs", [1, 0], 2))
        assert {one.id for one in store.search("docs", [1, 0], 2)} == {"exact", "auto"}


def test_what_the_index_cannot_do_is_refused(cosmosdb_mongodb_url: str, fresh_prefix: str) -> None:
    with opened(cosmosdb_mongodb_url, fresh_prefix) as store:
        for dimension, distance in ((2001, "cosine"), (1, "cosine"), (2, "manhattan")):
            with pytest.raises(InvalidInputError, match=r"2 to 2000|manhattan"):
                store.create_collection("docs", dimension, distance)  # pyright: ignore[reportArgumentType]
        assert store.list_collections() == []
    with opened(cosmosdb_mongodb_url, fresh_prefix, quantization="half") as store:
        store.create_collection("docs", 4000)


def test_a_server_without_such_indexes_says_so(mongodb_url: str, fresh_prefix: str) -> None:
    with opened(mongodb_url, fresh_prefix) as store:
        with pytest.raises(PersistError, match="cosmosSearch"):
            store.create_collection("docs", 2)
        assert store.list_collections() == []


_ASKED = {"path": "v", "vector": [1.0, 0.0], "k": 2}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"k": 0}, "positive"),
        ({"vector": "v"}, "array of numbers"),
        ({"vector": [1.0]}, "expected 2 dimensions, not 1"),
        ({"path": "w"}, "Similarity index was not found"),
        ({"filter": {"n": 1}}, "index for filter path 'n'"),
        ({"efSearch": 1001}, "between 1 and 1000"),
        ({"lSearch": 40}, "lSearch"),
    ],
)
def test_the_stand_in_refuses_what_cosmos_db_refuses(
    database: Any, fresh_prefix: str, asked: dict[str, Any], why: str
) -> None:
    documents = database[fresh_prefix]
    like = {"kind": "vector-hnsw", "similarity": "COS", "dimensions": 2}
    documents.create_index([("v", "cosmosSearch")], cosmosSearchOptions=like)
    with pytest.raises(OperationFailure, match=why):
        documents.aggregate([{"$search": {"cosmosSearch": {**_ASKED, **asked}}}])


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "vector-flat"},
        {"similarity": "cosine"},
        {"dimensions": 2001},
        {"dimensions": 1},
        {"m": 101},
        {"m": 40},
        {"numLists": 1},
        {"compression": "pq"},
    ],
)
def test_the_stand_in_makes_no_index_that_cosmos_db_does_not(
    database: Any, fresh_prefix: str, options: dict[str, Any]
) -> None:
    like = {"kind": "vector-hnsw", "similarity": "COS", "dimensions": 2, **options}
    with pytest.raises(OperationFailure):
        database[fresh_prefix].create_index([("v", "cosmosSearch")], cosmosSearchOptions=like)


def test_the_stand_in_finds_only_lists_of_numbers(database: Any, fresh_prefix: str) -> None:
    documents = database[fresh_prefix]
    like = {"kind": "vector-ivf", "similarity": "L2", "dimensions": 2, "numLists": 1}
    documents.create_index([("v", "cosmosSearch")], cosmosSearchOptions=like)
    documents.insert_many([{"_id": 1, "v": [3.0, 4.0]}, {"_id": 2, "v": b"34"}, {"_id": 3, "v": [0.0, 1.0]}])
    found = list(documents.aggregate([{"$search": {"cosmosSearch": {**_ASKED, "vector": [0.0, 0.0]}}}]))
    assert [(one["_id"], one["__cosmos_meta__"]) for one in found] == [(3, {"score": 1.0}), (1, {"score": 5.0})]
