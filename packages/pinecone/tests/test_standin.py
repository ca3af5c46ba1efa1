"""That the stand-in keeps Pinecone's limits, so that what passes here is let in by the service; spoken to over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Call = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def call(behind_proxies: Any) -> Iterator[Call]:
    """Ask the stand-in; status and body of its answer."""
    key, _, place = behind_proxies.url.removeprefix("http://").rpartition("@")

    def ask(method: str, path: str, body: Any = None, key: str = key) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Api-Key": key, "X-Pinecone-Api-Version": "2026-07", "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://{place}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    created = ask("POST", "/indexes", index("limits"))
    assert created[0] == 201
    vectors = [{"id": "a", "values": [1, 0], "metadata": {"lang": "de", "tags": ["x", "y"], "year": 2020, "new": True}}]
    assert ask("POST", "/hosts/limits/vectors/upsert", {"vectors": vectors}) == (200, {"upsertedCount": 1})
    yield ask
    ask("DELETE", "/indexes/limits")


def index(name: str, dimension: int = 2, metric: str = "cosine", **more: Any) -> dict[str, Any]:
    """A request for an index."""
    field = {"type": "dense_vector", "dimension": dimension, "metric": metric}
    place = {"deployment_type": "managed", "cloud": "aws", "region": "us-east-1"}
    return {"name": name, "schema": {"fields": {"_values": field}}, "deployment": place, **more}


def vector(**fields: Any) -> dict[str, Any]:
    """A request for one record."""
    return {"vectors": [{"id": "v", "values": [1, 0], **fields}]}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/indexes", index("limits"), 409),
        ("/indexes", index("Limits"), 400),
        ("/indexes", index("a" * 46), 400),
        ("/indexes", index("a", dimension=20_001), 400),
        ("/indexes", index("a", metric="manhattan"), 400),
        ("/indexes", index("a", tags={"k": "x" * 121}), 400),
        ("/hosts/nothing/query", {"vector": [1, 0], "topK": 1}, 404),
        ("/hosts/limits/vectors/upsert", vector(id="ü"), 400),
        ("/hosts/limits/vectors/upsert", vector(id="x" * 513), 400),
        ("/hosts/limits/vectors/upsert", vector(values=[1, 0, 0]), 400),
        ("/hosts/limits/vectors/upsert", vector(values=[0, 0]), 400),
        ("/hosts/limits/vectors/upsert", vector(values=[1, 1e39]), 400),
        ("/hosts/limits/vectors/upsert", vector(metadata={"x": None}), 400),
        ("/hosts/limits/vectors/upsert", vector(metadata={"x": {"y": 1}}), 400),
        ("/hosts/limits/vectors/upsert", vector(metadata={"x": [1, 2]}), 400),
        ("/hosts/limits/vectors/upsert", vector(metadata={"$x": 1}), 400),
        ("/hosts/limits/vectors/upsert", vector(metadata={"x": "x" * 40_960}), 400),
        ("/hosts/limits/vectors/upsert", {"vectors": [{"id": f"{n}", "values": [1, 0]} for n in range(1001)]}, 400),
        (
            "/hosts/limits/vectors/upsert",
            {"vectors": [{"id": f"{n}", "values": [1, 0], "metadata": {"x": "x" * 40_000}} for n in range(60)]},
            413,
        ),
        ("/hosts/limits/query", {"vector": [1, 0], "topK": 10_001}, 400),
        ("/hosts/limits/query", {"vector": [1, 0], "topK": 1, "filter": {"x": {"$regex": "a"}}}, 400),
        ("/hosts/limits/query", {"vector": [1, 0], "topK": 1, "filter": {"$not": {"x": 1}}}, 400),
        ("/hosts/limits/query", {"vector": [1, 0], "topK": 1, "filter": {"x": {"$gt": "a"}}}, 400),
        ("/hosts/limits/query", {"vector": [1, 0], "topK": 1, "filter": {"x": None}}, 400),
        ("/hosts/limits/vectors/fetch_by_metadata", {"filter": {}}, 400),
        ("/hosts/limits/describe_index_stats", {"filter": {"x": 1}}, 400),
        ("/hosts/limits/vectors/delete", {"namespace": "never", "deleteAll": True}, 404),
        ("/hosts/limits/vectors/delete", {"ids": ["a"], "deleteAll": True}, 400),
    ],
)
def test_what_pinecone_does_not_take_is_refused(call: Call, path: str, body: Any, status: int) -> None:
    answer, told = call("POST", path, body)
    assert answer == status
    assert told.get("message") or told["error"]["message"]


def test_only_the_key_is_let_in(call: Call) -> None:
    assert call("GET", "/indexes", key="another")[0] == 401
    assert call("GET", "/hosts/limits/vectors/list", key="another")[0] == 401


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"lang": "de"}, True),
        ({"lang": {"$ne": "de"}}, False),
        ({"tags": "x"}, True),
        ({"tags": {"$in": ["z", "y"]}}, True),
        ({"tags": {"$nin": ["z", "y"]}}, False),
        ({"year": {"$gt": 2019, "$lte": 2020}}, True),
        ({"year": {"$lt": 2020}}, False),
        ({"new": True}, True),
        ({"new": 1}, False),
        ({"year": "2020"}, False),
        ({"lang": {"$exists": True}}, True),
        ({"other": {"$exists": True}}, False),
        ({"$or": [{"lang": "en"}, {"$and": [{"tags": "x"}, {"tags": "y"}]}]}, True),
    ],
)
def test_filters_mean_what_the_documentation_says(call: Call, condition: Any, found: bool) -> None:
    _, told = call("POST", "/hosts/limits/query", {"vector": [1, 0], "topK": 1, "filter": condition})
    assert bool(told["matches"]) is found
