"""Random filters over random metadata: what the hand-written truth table did not think of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from praison_persist.errors import UnsupportedFilterError
from praison_persist.filters import matches, parse_filter

from ..running import Handle, Harness
from ..stateful import examples
from ..suite import Suite, clause
from .build import DOCS, document

__all__ = ["RandomFiltering"]

KEYS = [
    "a", "b", "a b", 'q"k', "q\x1f2k", "o'k", "back\\slash", "\x01", "\x1f", "\u00e9", "a[0]", "k\x00", "\udc00", "0",
    "%s", "{0}", "*", "@", "$",
]  # fmt: skip
SCALARS: list[Any] = [
    None, True, False, 0, 1, -1, 2, 0.5, 1.0, -0.0, 0.1, 0.1 + 0.2, 1699087017.4183881, 1e16, 1e300, -1e300, 5e-324,
    2**53 - 1, 2**53, float(2**53), 2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**63, -(2**63), 10**23, 1e23, 2**70, 10**400,
    "", "1", "true", "x", "X", "\x00", "\x01", "\x00a", "\x01\x01", "\x1epraison-persist/json:", "\ud7ff", "\ud7ffa",
    "\ud800", "\udfff", "\ue000", "\uffff", "\U00010000", "\u00e9", "e\u0301", "%", "'", "\\",
]  # fmt: skip

_scalars = st.sampled_from(SCALARS)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYS, "", "a.b"]), inner, max_size=3),
    max_leaves=5,
)
_metadata = st.none() | st.dictionaries(st.sampled_from([*KEYS, "a.b"]), _values, max_size=4)
_paths = st.lists(st.sampled_from([key for key in KEYS if key != "$"]), min_size=1, max_size=3).map(".".join)
_bounds = _scalars.filter(lambda value: value is not None and not isinstance(value, bool))


def _operators(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def build(names: list[str], operand: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        return st.dictionaries(st.sampled_from(names), operand, min_size=1, max_size=1)

    return st.one_of(
        build(["$eq", "$ne"], _scalars),
        build(["$gt", "$gte", "$lt", "$lte"], _bounds),
        build(["$in", "$nin"], st.lists(_scalars, max_size=4)),
        build(["$exists"], st.booleans()),
        build(["$not"], inner),
    )


_conditions = _scalars | st.recursive(_operators(st.just({"$exists": True})), _operators, max_leaves=3)
_leaves = st.dictionaries(_paths, _conditions, min_size=1, max_size=3)


def _combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    parts = st.lists(inner, min_size=1, max_size=3)
    negated: Callable[[Any], dict[str, Any]] = lambda part: {"$not": part}  # noqa: E731
    beside: Callable[[tuple[dict[str, Any], Any]], dict[str, Any]] = lambda pair: {**pair[0], "$or": [pair[1]]}  # noqa: E731
    return st.one_of(
        inner.map(negated),
        st.dictionaries(st.sampled_from(["$and", "$or"]), parts, min_size=1, max_size=1),
        st.tuples(_leaves, inner).map(beside),
    )


_filters = st.recursive(_leaves, _combined, max_leaves=6)
_examples = settings(
    max_examples=examples(30),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


class RandomFiltering(Suite):
    """The filter language, on 30 random collections and some 100 random filters; the same ones each time."""

    unsupported_filters: frozenset[str] | set[str]

    @clause
    def test_random_filters_mean_what_the_reference_says(self, harness: Harness) -> None:
        """Whatever the filter, `search` and `count` are exact or raise `UnsupportedFilterError`."""
        store = harness.opened[0]

        @_examples
        @given(st.lists(_metadata, min_size=1, max_size=12), st.lists(_filters, min_size=1, max_size=6))
        def check(metadata: list[Any], filters: list[Any]) -> None:
            harness.run(self._check(store, metadata, filters))

        harness.run(store.create_collection(DOCS, 3, "dot"))
        check()

    async def _check(self, store: Handle, metadata: list[Any], filters: list[Any]) -> None:
        await store.delete(DOCS, all=True)
        documents = [document(f"d{i}", metadata=one) for i, one in enumerate(metadata)]
        await store.insert(DOCS, documents)
        for one in filters:
            condition = parse_filter(one)
            expected = sorted(document.id for document in documents if matches(condition, document.metadata))
            try:
                found = sorted([hit.id for hit in await store.search(DOCS, [1.0, 0.5, 0.25], 100, one)])
            except UnsupportedFilterError:
                assert self.unsupported_filters, f"refused, but no filter is declared as unsupported: {one!a}"
                continue
            assert found == expected, ascii(one)
            assert await store.count(DOCS, one) == len(expected), ascii(one)
        returned = {one.id: one.metadata for one in await store.iter_documents(DOCS)}
        assert returned == {one.id: one.metadata for one in documents}
