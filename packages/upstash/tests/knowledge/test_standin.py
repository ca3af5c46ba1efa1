"""That the stand-in keeps Upstash's limits, so that what passes here is let in by the service; spoken to over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

import pytest

Call = Callable[..., tuple[int, Any]]

METADATA = {"lang": "de", "tags": ["x", "y"], "year": 2020, "new": True, "place": {"x": 1.5}}


@pytest.fixture
def call(vectors: Any) -> Call:
    """Ask the stand-in in a namespace of one vector; status and body of its answer."""
    space = uuid.uuid4().hex

    def ask(operation: str, body: Any = None, token: str = vectors.token, index: str = "2-cosine") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{vectors.url(index)}/{operation}/{space}"
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=10
            ) as answer:
                return answer.status, json.load(answer)["result"]
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    assert ask("upsert", {"id": "a", "vector": [1, 0], "metadata": METADATA, "data": "d"}) == (200, "Success")
    return ask


def vector(**fields: Any) -> dict[str, Any]:
    """A vector to write."""
    return {"id": "v", "vector": [1, 0], **fields}


@pytest.mark.parametrize(
    ("operation", "body", "status"),
    [
        ("upsert", vector(id=""), 400),
        ("upsert", vector(vector=[1, 0, 0]), 422),
        ("upsert", vector(vector=[1, 1e39]), 422),
        ("upsert", vector(vector=None), 422),
        ("upsert", vector(sparseVector={"indices": [1], "values": [1]}), 400),
        ("upsert", vector(metadata=[]), 400),
        ("upsert", vector(metadata={"x": "x" * 49_152}), 400),
        ("upsert", vector(data="x" * 1_048_577), 400),
        ("upsert", vector(data=1), 400),
        ("upsert", [vector(id=f"{number}") for number in range(1001)], 400),
        ("query", {"vector": [1, 0, 0]}, 422),
        ("query", {"vector": [1, 0], "topK": 1001}, 400),
        ("query", {"vector": [1, 0], "topK": 0}, 400),
        ("query", {"vector": [1, 0], "filter": "x LIKE 'a'"}, 400),
        ("query", {"vector": [1, 0], "filter": "x = "}, 400),
        ("query", {"vector": [1, 0], "filter": "x = 1 AND"}, 400),
        ("query", {"vector": [1, 0], "filter": "(x = 1"}, 400),
        ("query", {"vector": [1, 0], "filter": "1x = 1"}, 400),
        ("query", {"vector": [1, 0], "filter": "ä = 1"}, 400),
        ("query", {"vector": [1, 0], "filter": "x < 'a'"}, 400),
        ("query", {"vector": [1, 0], "filter": "x = 1e5"}, 400),
        ("query", {"vector": [1, 0], "filter": f"x = '{'x' * 20_000}'"}, 400),
        ("fetch", {"ids": [f"{number}" for number in range(1001)]}, 400),
        ("range", {"cursor": "", "limit": 0}, 400),
        ("range", {"cursor": "x", "limit": 1}, 400),
        ("nothing", {}, 404),
    ],
)
def test_what_upstash_does_not_take_is_refused(call: Call, operation: str, body: Any, status: int) -> None:
    answer, told = call(operation, body)
    assert (answer, told["status"]) == (status, status)
    assert told["error"]


def test_only_the_token_is_let_in(call: Call) -> None:
    assert call("info", token="another")[0] == 401


def test_a_namespace_is_deleted_once(call: Call) -> None:
    assert call("delete-namespace") == (200, "Success")
    assert call("delete-namespace")[0] == 404


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("", True),
        ("lang = 'de'", True),
        ('lang != "de"', False),
        ("lang IN ('en', 'de')", True),
        ("lang not in ('en', 'de')", False),
        ("tags CONTAINS 'x'", True),
        ("tags NOT CONTAINS 'x'", False),
        ("tags NOT CONTAINS 'z'", True),
        ("lang CONTAINS 'de'", False),
        ("year > 2019 AND year <= 2020", True),
        ("year < 2020", False),
        ("year = '2020'", False),
        ("new = true", True),
        ("new = 1", True),
        ("place.x >= 1.5", True),
        ("tags[0] = 'x' and tags[#-1] = 'y'", True),
        ("other != 1", False),
        ("lang = 'en' OR lang = 'de' AND year = 1", False),
        ("(lang = 'en' OR lang = 'de') AND year = 2020", True),
    ],
)
def test_filters_mean_what_the_documentation_says(call: Call, condition: str, found: bool) -> None:
    _, told = call("query", {"vector": [1, 0], "topK": 1, "filter": condition})
    assert bool(told) is found


@pytest.mark.parametrize(
    ("metric", "score"), [("cosine", (1 + 0.6) / 2), ("dot_product", (1 + 3) / 2), ("euclidean", 1 / (1 + 2**2 + 4**2))]
)
def test_scores_are_those_of_the_documentation(call: Call, metric: str, score: float) -> None:
    index = f"2-{metric}"
    call("upsert", {"id": "a", "vector": [3, 4]}, index=index)
    _, told = call("query", {"vector": [1, 0], "topK": 1}, index=index)
    assert told == [{"id": "a", "score": pytest.approx(score)}]


def test_what_was_asked_for_is_shown(call: Call) -> None:
    flags = {"includeMetadata": True, "includeData": True, "includeVectors": True}
    whole = {"id": "a", "vector": [1, 0], "metadata": METADATA, "data": "d"}
    assert call("fetch", {"ids": ["a", "b"], **flags}) == (200, [whole, None])
    assert call("range", {"cursor": "", "limit": 1}) == (200, {"nextCursor": "", "vectors": [{"id": "a"}]})
    assert call("delete", {"ids": ["a", "b"]}) == (200, {"deleted": 1})
