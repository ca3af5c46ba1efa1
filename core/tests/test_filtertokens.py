"""Filters over tokens enclose the filter that they are made of, and searches look further until enough is found."""

from __future__ import annotations

from typing import Any

import pytest

from praison_persist.command_vectors.query import to_query
from praison_persist.filters import matches, parse_filter
from praison_persist.filtertokens import EVERYTHING, NOTHING, AllOf, AnyOf, Has, Lacks, Tokens, to_tokens, tokens_of
from praison_persist.overfetch import overfetch
from praison_persist.steps import finish
from praison_persist_testkit.knowledge.filter_cases import CASES, METADATA


def _holds(condition: Tokens, tokens: set[str]) -> bool:
    if isinstance(condition, Has):
        return condition.token in tokens
    if isinstance(condition, Lacks):
        return condition.token not in tokens
    results = [_holds(part, tokens) for part in condition.operands]
    return all(results) if isinstance(condition, AllOf) else any(results)


@pytest.mark.parametrize("name", CASES)
def test_no_match_is_lost_and_an_exact_filter_lets_nothing_else_pass(name: str) -> None:
    condition = parse_filter(CASES[name])
    wanted, exact = to_tokens(condition)
    for metadata in METADATA:
        held = _holds(wanted, set(tokens_of(metadata)))
        assert held or not matches(condition, metadata)
        if exact:
            assert held == matches(condition, metadata)


def test_only_ranges_are_inexact() -> None:
    inexact = {name for name in CASES if not to_tokens(parse_filter(CASES[name]))[1]}
    ranges = {name for name in CASES if any(f"'${word}'" in str(CASES[name]) for word in ("gt", "gte", "lt", "lte"))}
    assert inexact <= ranges
    assert to_tokens(None) == (EVERYTHING, True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"a": {"$in": []}}, NOTHING),
        ({"a": {"$nin": []}}, EVERYTHING),
        ({"$or": [{"a": {"$in": []}}, {"b": {"$in": []}}]}, NOTHING),
        ({"a": {"$not": {"$gt": 1}}}, EVERYTHING),
    ],
)
def test_constants_are_not_asked_for(given: dict[str, Any], expected: Tokens) -> None:
    assert to_tokens(parse_filter(given))[0] == expected


def test_values_that_are_equal_have_one_token() -> None:
    assert tokens_of({"a": 1}) == tokens_of({"a": 1.0})
    assert tokens_of({"a": 0}) == tokens_of({"a": -0.0})
    assert len({tuple(tokens_of({"a": value})) for value in (1, True, "1", None, 1.5, "True")}) == 6
    assert all(len(token) == 24 for token in tokens_of({"a": [1, {"x": 1}], "b": {"c": None}, "": 1, "a.b": 2}))


def test_the_query_language_of_a_condition() -> None:
    a, b, c = "a" * 24, "b" * 24, "c" * 24
    assert to_query(EVERYTHING) == "*"
    assert to_query(Has(a)) == f"(@tokens:{{{a}}})"
    assert to_query(AnyOf((Has(a), Has(b)))) == f"(@tokens:{{{a}|{b}}})"
    assert to_query(AnyOf((Has(a), Lacks(b)))) == f"(@tokens:{{{a}}} | (-@tokens:{{{b}}}))"
    assert to_query(AllOf((Lacks(a), AnyOf((Has(b), Has(c)))))) == f"((-@tokens:{{{a}}}) (@tokens:{{{b}|{c}}}))"


def test_a_search_looks_further_until_it_has_enough() -> None:
    looked: list[int] = []

    def fetch(size: int) -> tuple[list[int], bool]:
        looked.append(size)
        return [number for number in range(size) if number % 10 == 9], True

    assert finish(overfetch(fetch, 3, first=3, most=1000)) == [9, 19, 29]
    assert looked == [3, 12, 48]
    looked.clear()
    assert finish(overfetch(fetch, 9, first=9, most=40)) == [9, 19, 29, 39]
    assert looked == [9, 36, 40]


def test_a_search_stops_where_the_engine_has_no_more() -> None:
    assert finish(overfetch(lambda size: ([size], False), 5, first=2, most=100)) == [2]
