"""Filters mean on Qdrant what `praison_persist.filters.matches` says, for random filters over random metadata.

On the client's embedded engine, and on Qdrant's Rust core behind HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from praison_persist import KnowledgeDocument, UnsupportedFilterError
from praison_persist.filters import Not, matches, parse_filter
from praison_persist_qdrant import QdrantKnowledgeStore
from praison_persist_qdrant.filters import to_filter

KEYS = ["a", "b", "a b", 'q"k', "q\x1f2k", "back\\slash", "\x1f", "\u00e9", "a[0]", "k\x00", "\udc00", "0"]
SCALARS: list[Any] = [
    None, True, False, 0, 1, -1, 2, 0.5, 1.0, -0.0, 0.1, 0.1 + 0.2, 1699087017.4183881, 1e16, 1e300, -1e300, 5e-324,
    2**53 - 1, 2**53, float(2**53), 2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**63, -(2**63), 10**23, 1e23, 2**70, 10**400,
    "", "1", "true", "x", "X", "\x00", "\ud800", "\x1epraison-persist/json:", "\u00e9", "e\u0301",
]  # fmt: skip

scalars = st.sampled_from(SCALARS)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYS, "", "a.b"]), inner, max_size=3),
    max_leaves=5,
)
metadata = st.none() | st.dictionaries(st.sampled_from([*KEYS, "a.b"]), values, max_size=4)
paths = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3).map(".".join)
bounds = scalars.filter(lambda value: value is not None and not isinstance(value, bool))


def _operators(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.builds(lambda op, value: {op: value}, st.sampled_from(["$eq", "$ne"]), scalars),
        st.builds(lambda op, value: {op: value}, st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), bounds),
        st.builds(lambda op, value: {op: value}, st.sampled_from(["$in", "$nin"]), st.lists(scalars, max_size=4)),
        st.builds(lambda value: {"$exists": value}, st.booleans()),
        st.builds(lambda value: {"$not": value}, inner),
    )


operators = st.recursive(_operators(st.just({"$exists": True})), _operators, max_leaves=3)
connectives = st.sampled_from(["$and", "$or"])
leaves = st.dictionaries(paths, scalars | operators, min_size=1, max_size=3)
filters = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda part: {"$not": part}, inner),
        st.builds(lambda op, parts: {op: parts}, connectives, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda left, right: {**left, "$or": [right]}, leaves, inner),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def memory() -> Iterator[QdrantKnowledgeStore]:
    with QdrantKnowledgeStore(":memory:") as store:
        yield store


@pytest.fixture(scope="module")
def server(qdrant_url: str) -> Iterator[QdrantKnowledgeStore]:
    with QdrantKnowledgeStore(qdrant_url, collection_prefix="property_") as store:
        yield store


def _check(store: QdrantKnowledgeStore, given_metadata: list[Any], given_filters: list[Any]) -> None:
    store.delete_collection("docs")
    store.create_collection("docs", 1, "dot")
    documents = [KnowledgeDocument(f"d{i}", "", [1.0], one) for i, one in enumerate(given_metadata)]
    store.insert("docs", documents)
    for one in given_filters:
        condition = parse_filter(one)
        expected = {document.id for document in documents if matches(condition, document.metadata)}
        try:
            found = {document.id for document in store.search("docs", [1.0], 100, one)}
        except UnsupportedFilterError:
            continue
        assert found == expected, one
        assert store.count("docs", one) == len(expected)
    assert {document.id: document.metadata for document in store.iter_documents("docs")} == {
        document.id: document.metadata for document in documents
    }


_UNHEALTHY = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
_EXAMPLES: dict[str, Any] = {"deadline": None, "suppress_health_check": _UNHEALTHY}


@settings(max_examples=150, **_EXAMPLES)
@given(st.lists(metadata, min_size=1, max_size=12), st.lists(filters, min_size=1, max_size=4))
def test_a_filter_means_in_memory_what_the_reference_says(
    memory: QdrantKnowledgeStore, given_metadata: list[Any], given_filters: list[Any]
) -> None:
    _check(memory, given_metadata, given_filters)


@settings(max_examples=60, **_EXAMPLES)
@given(st.lists(metadata, min_size=1, max_size=12), st.lists(filters, min_size=1, max_size=6))
def test_a_filter_means_in_the_rust_core_what_the_reference_says(
    server: QdrantKnowledgeStore, given_metadata: list[Any], given_filters: list[Any]
) -> None:
    _check(server, given_metadata, given_filters)


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
