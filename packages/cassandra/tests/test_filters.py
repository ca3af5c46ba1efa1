"""Terms: what the index is asked for, so that nothing that matches is missed."""

from __future__ import annotations

from typing import Any

import pytest

from praison_persist.filters import matches, parse_filter
from praison_persist_cassandra.filters import plan, terms_of


@pytest.mark.parametrize(
    ("filters", "terms", "exact"),
    [
        ({"lang": "de"}, ['["lang","de"]'], True),
        ({"a.b": 1.0}, ['["a","b",1]'], True),
        ({"a": True, "b": None}, ['["a",true]', '["b",null]'], True),
        ({"a": {"$in": ["x"]}}, ['["a","x"]'], True),
        ({"a": "\u00e9"}, ['["a","\\u00e9"]'], True),
        ({"a": 1, "b": {"$gt": 2}}, ['["a",1]'], False),
        ({"a": {"$in": ["x", "y"]}}, [], False),
        ({"$or": [{"a": 1}, {"b": 2}]}, [], False),
        ({"$not": {"a": 1}}, [], False),
        ({"a": {"$exists": True}}, [], False),
    ],
)
def test_equality_becomes_terms(filters: Any, terms: list[str], exact: bool) -> None:
    found = plan(parse_filter(filters))
    assert (list(found.terms), found.exact) == (terms, exact)


@pytest.mark.parametrize("value", [0, -0.0, 1, 1.0, 0.1, 2**53 + 1, 1e300, 10**400, True, None, "", "x", "x" * 5000])
def test_whatever_equals_has_the_term(value: Any) -> None:
    metadata = {"a": {"b": [value, {"c": 1}]}, "n": value}
    for filters in ({"a.b": value}, {"n": value}):
        condition = parse_filter(filters)
        assert matches(condition, metadata)
        assert set(plan(condition).terms) <= terms_of(metadata)
    assert max(map(len, terms_of(metadata))) <= 1000
