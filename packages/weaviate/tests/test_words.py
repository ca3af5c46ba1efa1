"""Words of metadata, and filters over them; that filters are exact on the engine is shown by the conformance suite."""

from __future__ import annotations

import random
from typing import Any, cast

import pytest

from praison_persist.filters import Comparison, matches, parse_filter
from praison_persist_weaviate.filters import to_filter
from praison_persist_weaviate.words import beginnings, list_bound, numbers_of, words_of

NUMBERS: list[Any] = [0, -0.0, 1, -1, 0.5, 2020, -2020, 1e-300, 1.7e308, -1.7e308, 2**53 - 1, 2**53, 2**53 + 1, 10**400]


@pytest.mark.parametrize("op", ["gt", "gte", "lt", "lte"])
@pytest.mark.parametrize("bound", [0, -1, 2020, 0.1, -1e-9, 2**53 - 1, 1.5e300, 2**53, -(2**60) - 1, 10**400])
def test_a_range_is_a_few_beginnings_of_words(op: Any, bound: Any) -> None:
    condition = Comparison(("a", "b"), op, bound)
    texts, exact = beginnings(condition)
    field, op, value = list_bound(condition)
    assert len(texts) <= 65
    assert exact is (abs(bound) < 2**53)
    chance = random.Random(1)
    numbers = [*NUMBERS, bound, *(chance.uniform(-5000, 5000) for _ in range(200))]
    for number in numbers:
        metadata = {"a": {"b": [number, "x"]}, "b": bound, "a.b": bound}
        words = words_of(metadata)
        listed = {"list": numbers_of(words).get(field, [])}
        assert matches(Comparison(("list",), cast(Any, op), value), listed) or not matches(condition, metadata), number
        found = any(word.startswith(text) for word in words for text in texts)
        if exact:
            assert found is matches(condition, metadata), number
        else:
            assert found or not matches(condition, metadata), number


@pytest.mark.parametrize(
    ("filters", "exact"),
    [
        ({"a": 1, "b": {"$ne": "x"}, "c": {"$exists": False}}, True),
        ({"$or": [{"a": {"$in": [1, "x", None, True]}}, {"b.c": {"$nin": [1]}}]}, True),
        ({"a": {"$gte": 1, "$lt": 2.5}}, True),
        ({"a": {"$in": []}, "b": {"$nin": []}}, True),
        ({"a": {"$gt": "x"}}, False),
        ({"a": {"$gt": 2**53}}, False),
        ({"a": {"$not": {"$gt": 1}}}, False),
        ({"$or": [{"a": 1}, {"$not": {"b": {"$lt": 1}}}]}, False),
    ],
)
def test_a_filter_is_exact_or_says_that_it_is_not(filters: dict[str, Any], exact: bool) -> None:
    assert to_filter(parse_filter(filters)).exact is exact


def test_no_filter_is_no_filter() -> None:
    assert (to_filter(None).where, to_filter(None).exact) == (None, True)
