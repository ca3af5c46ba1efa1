"""Filters that are long or deep: the engine evaluates no long chain, and parses no deep brackets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument, KnowledgeStore
from praison_persist.errors import UnsupportedFilterError
from praison_persist.filters import MAX_DEPTH


@pytest.fixture
def store() -> Iterator[KnowledgeStore]:
    """Three documents with a number each."""
    with KNOWLEDGE_STORES.create("surrealdb_vector", url="mem://") as store:
        store.create_collection("docs", 2)
        store.insert("docs", [KnowledgeDocument(f"d{n}", "x", [1.0, float(n)], {"n": n}) for n in range(3)])
        yield store


@pytest.mark.parametrize("count", [1, 49, 50, 51, 100, 2501, 3000])
def test_a_filter_of_many_conditions_keeps_its_meaning(store: KnowledgeStore, count: int) -> None:
    alternatives = [{"n": n} for n in range(1, count + 1)]
    assert {one.id for one in store.search("docs", [1.0, 0.0], 9, {"$or": alternatives})} == {"d1", "d2"}.intersection(
        f"d{n}" for n in range(1, count + 1)
    )
    assert [one.id for one in store.search("docs", [1.0, 0.0], 9, {"$not": {"$or": [*alternatives, {"n": 2}]}})] == [
        "d0"
    ]


def test_a_filter_that_is_too_deep_for_the_engine_is_told_and_deletes_nothing(store: KnowledgeStore) -> None:
    condition: dict[str, Any] = {"n": {"$gt": 0}}
    for level in range(MAX_DEPTH - 2):
        condition = {"$and": [condition, {"n": 1}]} if level % 2 else {"$or": [condition, {"n": 2}]}
    with pytest.raises(UnsupportedFilterError, match="nested too deeply"):
        store.delete("docs", filters=condition)
    assert store.count("docs") == 3
