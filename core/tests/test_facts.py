"""Facts decide what `filters.matches` decides, on the values that are hard to compare."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from praison_persist.facts import equal, facts_of, ordered_text, present, span
from praison_persist.filters import Comparison, matches, parse_filter

VALUES: list[Any] = [
    None, True, False, 0, 1, -1, -0.0, 0.5, 1.0, 0.1, 5e-324, -5e-324, 1e300, -1e300, 2**53, float(2**53), 2**53 + 1,
    -(2**53) - 1, 2**63, 10**23, 1e23, 10**400, 10**400 + 1, -(10**400), -(10**400) - 1, 2**70, 2**70 + 1, 2**70 - 1,
    "", "1", "true", "x", "xa", "X", "\x00", "\x00a", "\x01", "\x01\x01", "\x01\x03", "\x02", "\ud7ff", "\ud7ffa",
    "\ud800", "\udfff", "\ue000", "\uffff", "\U00010000", "\xe9",
]  # fmt: skip


@pytest.mark.parametrize("operator", ["gt", "gte", "lt", "lte"])
def test_a_range_over_facts_is_the_range_over_values(operator: str) -> None:
    bounds = [value for value in VALUES if value is not None and not isinstance(value, bool)]
    for value, bound in itertools.product(VALUES, bounds):
        condition = parse_filter({"a": {f"${operator}": bound}})
        assert isinstance(condition, Comparison)
        low, above, high, below = span(condition)
        facts = sorted(facts_of({"a": value}), key=str.encode)
        found = any(
            (fact.encode() > low.encode() or (not above and fact == low))
            and (fact.encode() < high.encode() or (not below and fact == high))
            for fact in facts
        )
        assert found == matches(condition, {"a": value}), (value, operator, bound)


def test_equal_values_are_the_same_fact_and_no_others() -> None:
    for value, wanted in itertools.product(VALUES, VALUES):
        same = matches(parse_filter({"a": wanted}), {"a": value})
        assert (equal(("a",), wanted) in facts_of({"a": value})) == same, (value, wanted)


def test_paths_descend_into_mappings_and_lists_count_by_element() -> None:
    facts = facts_of({"a": {"b": [1, "x", {"c": 2}, [3]]}, "a.b": 4, "": 5, "$d": 6, "e": {}})
    assert facts == [
        present(("a",)), present(("e",)), present(("a", "b")), equal(("a", "b"), 1), equal(("a", "b"), "x"),
    ]  # fmt: skip
    assert facts_of(None) == facts_of({}) == []


def test_no_path_reads_as_another() -> None:
    keys = ["a", "a\x01", "a\x01\x03", "a\x01\x03e", "\x00", "\x01", "\x01\x01", "\ud800", "\ud7ff\x02"]
    assert len({present((key,)) for key in keys}) == len(keys)
    assert len({equal((key,), other) for key in keys for other in keys}) == len(keys) ** 2


def test_escaped_text_is_utf8_in_the_same_order() -> None:
    texts = [value for value in VALUES if isinstance(value, str)]
    assert sorted(texts) == sorted(texts, key=lambda text: ordered_text(text).encode())
