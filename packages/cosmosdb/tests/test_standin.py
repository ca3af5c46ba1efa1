"""That the stand-in keeps Cosmos DB's limits, so that what passes here is let in by the service."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest
from azure.cosmos import CosmosClient, PartitionKey, exceptions

KEY = "dmVyeS1zM2NyZXQ="
POLICY = {"path": "/e", "dataType": "float32", "distanceFunction": "cosine", "dimensions": 2}


@pytest.fixture(scope="module")
def database(behind_proxies: Any) -> Iterator[Any]:
    """A database of the vendor's client."""
    with CosmosClient(f"http://127.0.0.1:{behind_proxies.port}", KEY) as client:
        made = client.create_database("limits")
        yield made
        client.delete_database(made)


@pytest.fixture(scope="module")
def container(database: Any) -> Any:
    """A container with two items."""
    made = database.create_container("c", PartitionKey("/p"), vector_embedding_policy={"vectorEmbeddings": [POLICY]})
    made.create_item({"id": "a", "p": "x", "e": [1, 0], "n": 1, "s": "b", "l": ["q", 1, None], "o": {"k": True}})
    made.create_item({"id": "b", "p": "x", "e": [0, 1], "n": 2.5, "s": "é", "t": None})
    return made


def refused(status: int, call: Any, *arguments: Any, **given: Any) -> Any:
    """The error with which a call is refused."""
    with pytest.raises((exceptions.CosmosHttpResponseError, exceptions.CosmosBatchOperationError)) as caught:
        list(call(*arguments, **given))
    assert caught.value.status_code == status
    return caught.value


@pytest.mark.parametrize(
    ("policy", "index"),
    [
        ({"dimensions": 4097}, None),
        ({"distanceFunction": "manhattan"}, None),
        ({"dataType": "float64"}, None),
        ({}, {"path": "/other", "type": "flat"}),
        ({}, {"path": "/e", "type": "hnsw"}),
        ({"dimensions": 506}, {"path": "/e", "type": "flat"}),
        ({}, {"path": "/e", "type": "flat", "quantizationByteSize": 8}),
        ({}, {"path": "/e", "type": "quantizedFlat", "indexingSearchListSize": 100}),
    ],
)
def test_policies_that_cosmosdb_does_not_take_are_refused(database: Any, policy: Any, index: Any) -> None:
    refused(
        400,
        database.create_container,
        "other",
        PartitionKey("/p"),
        vector_embedding_policy={"vectorEmbeddings": [{**POLICY, **policy}]},
        indexing_policy={"vectorIndexes": [index]} if index else None,
    )


def test_items_that_cosmosdb_does_not_take_are_refused(container: Any) -> None:
    refused(409, container.create_item, {"id": "a", "p": "x"})
    refused(400, container.create_item, {"id": "x" * 256, "p": "x"})
    refused(413, container.create_item, {"id": "large", "p": "x", "t": "x" * 2_100_000})
    refused(404, container.read_item, "none", "x")
    refused(404, container.delete_item, "none", "x")
    refused(404, container.read_item, "a", "another partition")


def test_transactions_are_of_one_partition_and_all_or_none(container: Any) -> None:
    error = refused(
        409,
        container.execute_item_batch,
        [("create", ({"id": "n", "p": "x"},)), ("create", ({"id": "a", "p": "x"},)), ("delete", ("b",))],
        "x",
    )
    assert [one["statusCode"] for one in error.operation_responses] == [424, 409, 424]
    refused(404, container.read_item, "n", "x")
    refused(400, container.execute_item_batch, [("create", ({"id": "n", "p": "other"},))], "x")
    refused(400, container.execute_item_batch, [("upsert", ({"id": f"{n}", "p": "x"},)) for n in range(101)], "x")
    large = [("upsert", ({"id": f"{n}", "p": "x", "t": "x" * 90_000},)) for n in range(30)]
    refused(413, container.execute_item_batch, large, "x")
    refused(412, container.execute_item_batch, [("delete", ("a",), {"if_match_etag": "old"})], "x")


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("c.n > 1", "b"),
        ("c.n >= 1 AND c.s < 'z'", "a"),
        ("c.s > 1", ""),
        ("NOT (c.t = 1)", "b"),
        ("c.t = null", "b"),
        ("NOT (c.missing = 1)", ""),
        ("c.missing != 1 OR c.n = 1", "a"),
        ("NOT IS_DEFINED(c.t)", "a"),
        ("ARRAY_CONTAINS(c.l, 1)", "a"),
        ("ARRAY_CONTAINS(c.l, '1')", ""),
        ("NOT ARRAY_CONTAINS(c.l, 'none')", "a"),
        ("ARRAY_CONTAINS(@ids, c.id)", "b"),
        ("c.o.k = true", "a"),
        ('c["o"]["k"] = 1', ""),
        ("true", "ab"),
    ],
)
def test_conditions_mean_what_the_reference_says(container: Any, condition: str, found: str) -> None:
    rows = container.query_items(
        f"SELECT VALUE c.id FROM c WHERE {condition} ORDER BY c.id",
        parameters=[{"name": "@ids", "value": ["b"]}],
        partition_key="x",
    )
    assert "".join(rows) == found


def test_queries_are_shaped_ordered_and_paged(container: Any) -> None:
    def rows(sql: str, **given: Any) -> list[Any]:
        return list(container.query_items(sql, partition_key="x", **given))

    vector = [{"name": "@v", "value": [0.6, 0.8]}]
    distance = "VectorDistance(c.e, @v)"
    assert rows(f"SELECT TOP 2 c.id, {distance} AS s FROM c ORDER BY {distance}", parameters=vector) == [
        {"id": "b", "s": 0.8},
        {"id": "a", "s": 0.6},
    ]
    assert rows("SELECT c.id, c.t FROM c ORDER BY c.id DESC", max_item_count=1) == [{"id": "b", "t": None}, {"id": "a"}]
    assert rows("SELECT VALUE COUNT(1) FROM c WHERE c.n < 2") == [1]
    assert rows("SELECT VALUE c.n FROM c ORDER BY c.n OFFSET 1 LIMIT 5") == [2.5]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT",
        "SELECT * FROM c WHERE",
        "SELECT * FROM c WHERE d.x = 1",
        "SELECT * FROM c WHERE c.x LIKE_THIS 1",
        "SELECT * FROM c WHERE NO_SUCH(c.x)",
        "SELECT * FROM c WHERE c.x = @none",
        "SELECT c.id FROM c ORDER BY VectorDistance(c.e, @v)",
        "SELECT TOP 1 c.id FROM c ORDER BY VectorDistance(c.e, @v) DESC",
        "SELECT TOP 1 c.id FROM c ORDER BY VectorDistance(c.e, @long)",
        "SELECT TOP 1 c.id FROM c ORDER BY VectorDistance(c.n, @v)",
        "SELECT * FROM c; DROP",
    ],
)
def test_queries_that_cosmosdb_does_not_take_are_refused(container: Any, sql: str) -> None:
    parameters = [{"name": "@v", "value": [1, 0]}, {"name": "@long", "value": [1, 0, 0]}]
    refused(400, container.query_items, sql, parameters=parameters, partition_key="x")


def test_only_a_signature_of_now_with_the_key_is_let_in(behind_proxies: Any) -> None:
    other = "b3RoZXI="
    error = refused(401, CosmosClient, f"http://127.0.0.1:{behind_proxies.port}", other)
    assert "wrong key" in str(error)
    request = urllib.request.Request(
        f"http://127.0.0.1:{behind_proxies.port}/dbs",
        headers={"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2020-07-15", "authorization": KEY},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code == 401
