"""What Qdrant cannot decide is refused; that all else is exact is shown by the conformance suite."""

from __future__ import annotations

from typing import Any

import pytest

from praison_persist import UnsupportedFilterError
from praison_persist.filters import Not, parse_filter
from praison_persist_qdrant.filters import to_filter


@pytest.mark.parametrize(
    "filters",
    [
        {"a": {"$gt": "x"}},
        {"a": {"$gt": 2**53}},
        {"a": 10**23},
        {"$not": {"a": {"$lte": "x"}}},
        {"$or": [{"a": 1}, {"b": {"$lt": "y"}}]},
    ],
)
def test_what_qdrant_cannot_decide_is_refused(filters: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedFilterError):
        to_filter(parse_filter(filters), native=True)


def test_the_deepest_filter_of_the_language_is_not_too_deep_for_qdrants_parser() -> None:
    filters: dict[str, Any] = {"a": 1}
    for _ in range(15):
        filters = {"b": 2, "$or": [{"c": 3}, {"$not": filters}]}
    sent = to_filter(parse_filter(filters), native=True)
    assert sent is not None
    deepest = depth = 0
    for character in sent.model_dump_json(exclude_none=True):
        depth += (character in "[{") - (character in "]}")
        deepest = max(deepest, depth)
    assert deepest < 120


def test_deeper_nesting_than_qdrant_reads_is_refused() -> None:
    condition = parse_filter({"a": 1})
    assert condition is not None
    for _ in range(80):
        condition = Not(condition)
    with pytest.raises(UnsupportedFilterError):
        to_filter(condition, native=True)
