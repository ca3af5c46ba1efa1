"""Filters mean on pgvector what `praison_persist.filters.matches` says, for random filters over random metadata."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from praison_persist import KnowledgeDocument
from praison_persist.filters import matches, parse_filter
from praison_persist_postgres.knowledge import PGVectorKnowledgeStore

KEYS = [
    "a",
    "b",
    "a b",
    'q"k',
    "o'k",
    "back\\slash",
    "\u00e9",
    "a[0]",
    "k\x00",
    "\x01",
    "\udc00",
    "0",
    "%s",
    "{0}",
    "*",
    "@",
]
SCALARS: list[Any] = [
    None, True, False, 0, 1, -1, 2, 0.5, 1.0, -0.0, 0.1, 0.1 + 0.2, 1699087017.4183881, 1e16, 1e300, -1e300, 5e-324,
    2**53 - 1, 2**53, float(2**53), 2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**63, -(2**63), 10**23, 1e23, 2**70, 10**400,
    "", "1", "true", "x", "X", "\x00", "\x01", "\x00a", "\x01\x01", "\ud7ff", "\ud7ffa", "\ud800", "\udfff", "\ue000",
    "\uffff", "\U00010000", "\u00e9", "e\u0301", "%", "'", "\\",
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
def store(postgres_url: str) -> Iterator[PGVectorKnowledgeStore]:
    with PGVectorKnowledgeStore(postgres_url, schema="pgvector_filters") as opened:
        yield opened


_UNHEALTHY = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
_EXAMPLES: dict[str, Any] = {"deadline": None, "suppress_health_check": _UNHEALTHY}


@settings(max_examples=150, **_EXAMPLES)
@given(st.lists(metadata, min_size=1, max_size=12), st.lists(filters, min_size=1, max_size=6))
def test_a_filter_means_what_the_reference_says(
    store: PGVectorKnowledgeStore, given_metadata: list[Any], given_filters: list[Any]
) -> None:
    if not store.collection_exists("docs"):
        store.create_collection("docs", 1, "dot")
    store.delete("docs", all=True)
    documents = [KnowledgeDocument(f"d{i}", "", [1.0], one) for i, one in enumerate(given_metadata)]
    store.insert("docs", documents)
    for one in given_filters:
        condition = parse_filter(one)
        expected = {document.id for document in documents if matches(condition, document.metadata)}
        assert {document.id for document in store.search("docs", [1.0], 100, one)} == expected, one
        assert store.count("docs", one) == len(expected)
    returned = {document.id: document.metadata for document in store.iter_documents("docs", batch_size=5)}
    assert returned == {document.id: document.metadata for document in documents}
