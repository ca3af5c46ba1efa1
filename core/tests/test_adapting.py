"""What adapters share: records, filters in the engines' words, keys, keywords, diversity."""

from __future__ import annotations

from array import array
from typing import Any

import pytest

from praison_persist.adapting.chroma import LOOSE, OURS, Keys
from praison_persist.adapting.qdrant import qdrant_fields, qdrant_filter, qdrant_key
from praison_persist.adapting.qdrant_values import comparable_key
from praison_persist.adapting.records import EXACT, PREFIX, to_document, to_metadata, to_text
from praison_persist.diversity import diverse
from praison_persist.filters import parse_filter
from praison_persist.keywords import named
from praison_persist.knowledge import KnowledgeDocument

DOCUMENT = KnowledgeDocument("a/b", "x\0y", [1.0, 0.5], {"lang": "de", "n": 2**70, "deep": {"x": [None]}, "a b": 1})


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("vector", [False, True])
def test_a_record_gives_its_document_back(text: bool, vector: bool) -> None:
    metadata = to_metadata(DOCUMENT, qdrant_fields, vector=vector, text=text)
    theirs = [9.0, 9.0] if vector else array("f", DOCUMENT.embedding or ())
    assert to_document("key", "" if text else to_text(DOCUMENT), metadata, theirs) == DOCUMENT


def test_readers_see_plain_metadata_and_more_where_filters_ask_for_it() -> None:
    assert set(to_metadata(DOCUMENT)) == {"lang", EXACT}
    assert to_metadata(DOCUMENT, qdrant_fields).items() >= {"lang": "de", "deep": {"x": [None]}, "a b": 1}.items()
    theirs = KnowledgeDocument("a", "", [1.0], {OURS: "mine", f"{PREFIX}x": 1})
    assert set(to_metadata(theirs)) == {EXACT}


def test_a_record_of_somebody_else_is_a_document_with_the_vector_of_the_engine() -> None:
    assert to_document("x", "text", {"n": 1}, [1, 0]) == KnowledgeDocument(
        "x", "text", [1.0, 0.0], {"n": 1}, created_at=0.0
    )


def _match(key: str, *values: Any) -> Any:
    return {"key": key, "match": {"value": values[0]} if len(values) == 1 else {"any": list(values)}}


def _range(key: str, **bounds: float) -> Any:
    return {"key": key, "range": bounds}


FILTERS = {
    "none": (None, None, True),
    "equal": ({"a": True, "b": "x"}, {"must": [_match("m.a", True), _match("m.b", "x")]}, True),
    "a number": ({"a": 1}, {"must": [_range("m.a", gte=1.0, lte=1.0)]}, True),
    "a large number": ({"a": 2**60}, {"must": [_match("m.a", 2**60)]}, True),
    "at a path": ({"a.b c": {"$in": ["x", "y"]}}, {"must": [_match('m.a."b c"', "x", "y")]}, True),
    "one of none": ({"a": {"$in": []}}, {"must": [{"has_id": []}]}, True),
    "not": (
        {"a": {"$nin": ["x", False]}},
        {"must_not": [{"should": [_match("m.a", False), {**_match("m.a", "x"), "match": {"any": ["x"]}}]}]},
        True,
    ),
    "not a number, of which two are one": ({"a": {"$ne": 1}}, None, False),
    "above": ({"a": {"$gt": 0.5}}, {"must": [_range("m.a", gte=0.5)]}, True),
    "not above": ({"$not": {"a": {"$gte": 1}}}, {"must_not": [_range("m.a", gt=1.0)]}, True),
    "above what a double tells apart": ({"a": {"$gt": 2**60}}, None, False),
    "above a text": ({"a": {"$gt": "x"}}, None, False),
    "a text in another form": ({"a": "\0"}, None, False),
    "a key in another form": ({'a"': 1}, None, False),
    "a key with another meaning": ({"x": 1, "praison_persist": 1}, None, False),
    "present, which an empty list is not": ({"a": {"$exists": True}}, None, False),
    "absent": (
        {"a": {"$exists": False}},
        {"must_not": [{"should": [{"must_not": [{"is_empty": {"key": "m.a"}}]}, {"key": "m.a", "is_null": True}]}]},
        True,
    ),
}


@pytest.mark.parametrize(("given", "where", "exact"), FILTERS.values(), ids=FILTERS)
def test_qdrant_is_asked_for_what_matches(given: Any, where: Any, exact: bool) -> None:
    asked = qdrant_filter(parse_filter(given), "m.", own=frozenset({"x"}))
    assert (asked.where, asked.exact) == (where, exact)


def test_qdrant_holds_what_it_can_compare() -> None:
    metadata = {"a": [1, "t", []], "b": {"c": 1e17}, "x": 1, "praison_y": 1, "\0": None}
    fields = qdrant_fields(metadata, own=frozenset({"x"}))
    assert fields.keys() == {"a", "b", comparable_key("\0")}
    assert fields["a"] == [1, "t", {}]
    assert type(fields["b"]["c"]) is int


MINE, SHARED = Keys(own=frozenset({"x"})), Keys(own=frozenset({"x"}), shared=True)
THEIRS = {OURS: {"$ne": True}}
WHERES = {
    "none": (None, None, True),
    "a text": ({"a": "x"}, {"$or": [{"a": {"$eq": "x"}}, {"a": {"$contains": "x"}}]}, True),
    "a number": ({"a": 1}, {"$or": [{"a": {"$eq": 1}}, {LOOSE: {"$contains": "a"}}, THEIRS]}, True),
    "below": ({"a.b": {"$lt": 1.5}}, {"$or": [{"a.b": {"$lte": 2}}, {LOOSE: {"$contains": "a.b"}}, THEIRS]}, True),
    "one of numbers": (
        {"a": {"$in": [1, True]}},
        {"$or": [{"a": {"$eq": 1}}, {"a": {"$eq": True}}, {LOOSE: {"$contains": "a"}}, THEIRS]},
        True,
    ),
    "none of": ({"a": {"$nin": [1, "x"]}}, {"$and": [{"a": {"$ne": 1}}, {"a": {"$ne": "x"}}]}, True),
    "not at a path": ({"a.b": {"$ne": 1}}, None, False),
    "not a fraction": ({"a": {"$ne": 0.5}}, None, False),
    "one of none": ({"a": {"$in": []}}, {EXACT: {"$eq": ""}}, True),
    "what Chroma does not know": ({"a": None, "b": {"$exists": True}, "c": {"$gt": "x"}, "x": 1}, None, False),
}


@pytest.mark.parametrize(("given", "where", "exact"), WHERES.values(), ids=WHERES)
def test_chroma_is_asked_for_what_matches_and_for_what_it_does_not_compare(given: Any, where: Any, exact: bool) -> None:
    asked = SHARED.where(parse_filter(given))
    assert (asked.where, asked.exact) == (where, exact)


def test_a_collection_of_our_own_in_chroma_is_not_asked_for_records_of_others() -> None:
    assert MINE.where(parse_filter({"a": 1})).where == {"$or": [{"a": {"$eq": 1}}, {LOOSE: {"$contains": "a"}}]}
    assert MINE.where(parse_filter({"a.b": {"$ne": 1}})).where == {"a.b": {"$ne": 1}}
    assert OURS not in MINE.of({"a": 1})


def test_chroma_holds_what_it_can_compare() -> None:
    metadata = {"a": [1, "t", "\0"], "b": {"c": True}, "d": 2**63, "e": [], "f": None, "g": "\0", "h.i": 1, "x": 1}
    assert SHARED.of(metadata) == {"a": ["t"], "b.c": True, LOOSE: ["a", "d"], OURS: True}


def test_an_id_that_is_a_uuid_is_its_own_key_in_qdrant() -> None:
    key = qdrant_key("any text")
    assert qdrant_key(key) == key != qdrant_key("another")
    assert qdrant_key(key.upper()) not in (key, key.upper())


def test_an_unknown_keyword_is_told_with_the_nearest() -> None:
    assert named({"a": 1}, a=0, b=2) == {"a": 1, "b": 2}
    with pytest.raises(TypeError, match="did you mean 'filter'"):
        named({"filters": 1}, filter=None)
    with pytest.raises(TypeError, match="there are none"):
        named({"filters": 1})


def test_marginal_relevance_weighs_nearness_against_likeness() -> None:
    vectors = [[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]
    assert diverse([1.0, 0.0], vectors, 2, 1.0) == [0, 1]
    assert diverse([1.0, 0.0], vectors, 2, 0.1) == [0, 2]
    assert diverse([1.0, 0.0], vectors, 0, 0.5) == []
    assert diverse([1.0, 0.0], [[0.0, 0.0]], 5, 0.5) == [0]
