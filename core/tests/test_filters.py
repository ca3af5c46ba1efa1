"""The filter language: what parses, what is refused, and the reference meaning."""

from __future__ import annotations

import pytest

from praison_persist import InvalidInputError
from praison_persist.filters import MAX_DEPTH, And, Comparison, Exists, In, Not, Or, fields, matches, parse_filter

DOCUMENT = {
    "lang": "de",
    "year": 2024,
    "score": 0.5,
    "draft": False,
    "none": None,
    "tags": ["a", "b", 3],
    "author": {"name": "Ada", "born": 1815},
    "number": "7",
}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"lang": "de"}, True),
        ({"lang": "DE"}, False),
        ({"year": 2024.0}, True),
        ({"year": "2024"}, False),
        ({"number": 7}, False),
        ({"draft": False}, True),
        ({"draft": 0}, False),
        ({"year": True}, False),
        ({"none": None}, True),
        ({"missing": None}, False),
        ({"missing": {"$ne": 1}}, True),
        ({"lang": {"$ne": "de"}}, False),
        ({"lang": {"$in": ["en", "de"]}}, True),
        ({"lang": {"$in": []}}, False),
        ({"lang": {"$nin": []}}, True),
        ({"missing": {"$nin": ["x"]}}, True),
        ({"missing": {"$not": {"$gt": 1}}}, True),
        ({"year": {"$gt": 2023, "$lt": 2025}}, True),
        ({"year": {"$gte": 2024, "$lte": 2024}}, True),
        ({"year": {"$gt": "2023"}}, False),
        ({"lang": {"$gt": "da"}}, True),
        ({"draft": {"$gte": 0}}, False),
        ({"none": {"$lt": 1}}, False),
        ({"none": {"$exists": True}}, True),
        ({"missing": {"$exists": False}}, True),
        ({"missing": {"$exists": True}}, False),
        ({"tags": "a"}, True),
        ({"tags": {"$gt": 2}}, True),
        ({"tags": {"$ne": "a"}}, False),
        ({"tags": {"$in": ["z", "b"]}}, True),
        ({"author.name": "Ada"}, True),
        ({"author.name.x": "Ada"}, False),
        ({"author.born": {"$lt": 1900}}, True),
        ({"$or": [{"lang": "en"}, {"year": 2024}]}, True),
        ({"$and": [{"lang": "de"}, {"year": 1}]}, False),
        ({"$not": {"lang": "de"}}, False),
        ({"lang": "de", "year": 2023}, False),
        ({}, True),
        (None, True),
    ],
)
def test_a_filter_means_what_the_language_says(filters, expected):
    assert matches(parse_filter(filters), DOCUMENT) is expected


def test_a_filter_becomes_a_small_tree():
    assert parse_filter(
        {"a": {"$ne": 1}, "$or": [{"b.c": None}, {"d": {"$in": [1, "x"]}}], "e": {"$exists": True}}
    ) == And(
        (
            Not(Comparison(("a",), "eq", 1)),
            Or((Comparison(("b", "c"), "eq", None), In(("d",), (1, "x")))),
            Exists(("e",)),
        )
    )


def test_every_field_of_a_filter_is_listed():
    condition = parse_filter({"a": 1, "$not": {"b.c": 2}, "$or": [{"a": 3}, {"d": {"$exists": False}}]})
    assert list(fields(condition)) == [("a",), ("b", "c"), ("a",), ("d",)]
    assert list(fields(None)) == []


@pytest.mark.parametrize(
    "filters",
    [
        [],
        "a",
        {"a": {"$like": "x"}},
        {"$nor": [{"a": 1}]},
        {"$and": []},
        {"$or": {"a": 1}},
        {"$and": [1]},
        {"$not": [1]},
        {"a": {"$not": 1}},
        {"a": {}},
        {"$and": [{}]},
        {"a": [1]},
        {"a": {"b": 1}},
        {"a": {"$gt": None}},
        {"a": {"$gt": True}},
        {"a": {"$gt": float("nan")}},
        {"a": float("inf")},
        {"a": {"$in": "abc"}},
        {"a": {"$in": [[1]]}},
        {"a": {"$exists": 1}},
        {"": 1},
        {1: 1},
        {"a..b": 1},
        {"a.$b": 1},
        {"a": b"x"},
    ],
)
def test_what_is_not_in_the_language_is_refused(filters):
    with pytest.raises(InvalidInputError):
        parse_filter(filters)


def test_a_filter_has_a_greatest_depth():
    nested: dict = {"a": 1}
    for _ in range(MAX_DEPTH - 1):
        nested = {"$not": nested}
    assert parse_filter(nested) is not None
    with pytest.raises(InvalidInputError, match="nested"):
        parse_filter({"$not": nested})
