"""Words of metadata, and filters over them; that filters are exact on the engine is shown by the conformance suite."""

from __future__ import annotations

import random
from typing import Any, cast

import pytest

from praison_persist import KnowledgeDocument
from praison_persist.filters import Comparison, matches, parse_filter
from praison_persist.jsontext import decode, encode
from praison_persist_weaviate import WeaviateKnowledgeStore, convert
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


def test_a_collection_without_lists_of_numbers_is_searched_all_the_same(
    weaviate_url: str, fresh_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [KnowledgeDocument(id=f"d{i}", embedding=[1.0, i / 100], metadata={"n": i, "m": -i}) for i in range(50)]
    with WeaviateKnowledgeStore(weaviate_url, collection_prefix=fresh_prefix) as early:
        describe = convert.description
        monkeypatch.setattr(convert, "description", lambda *args: encode(decode(describe(*args))[:6]))
        monkeypatch.setattr(convert, "LISTS", ())
        early.create_collection("docs", 2)
        early.insert("docs", given[::2])
    monkeypatch.undo()
    with WeaviateKnowledgeStore(weaviate_url, collection_prefix=fresh_prefix) as store:
        store.insert("docs", given[1::2])
        found = store.search("docs", [1.0, 0.0], 5, {"n": {"$gte": 20}, "m": {"$gt": -40}})
        assert [one.id for one in found] == ["d20", "d21", "d22", "d23", "d24"]
        store.delete_collection("docs")


def test_numbers_of_two_paths_in_one_list_are_told_apart(weaviate_url: str, fresh_prefix: str) -> None:
    names = [f"n{i}" for i in range(40)]  # more than there are lists
    given = [
        KnowledgeDocument(
            id=f"d{i}", embedding=[1.0, i / 100], metadata={name: i * (-1) ** j for j, name in enumerate(names)}
        )
        for i in range(60)
    ]
    with WeaviateKnowledgeStore(weaviate_url, collection_prefix=fresh_prefix) as store:
        store.create_collection("docs", 2)
        store.insert("docs", given)
        for j, name in enumerate(names[:6]):
            filters = {name: {"$lte": -50}} if j % 2 else {name: {"$gte": 50}}
            found = store.search("docs", [1.0, 0.0], 20, filters)
            assert [one.id for one in found] == [f"d{i}" for i in range(50, 60)]
            assert store.count("docs", filters) == 10
        store.delete_collection("docs")
