"""Scores: one meaning per distance, higher is nearer."""

from __future__ import annotations

import math

import pytest

from praison_persist import InvalidInputError
from praison_persist.filters import parse_filter
from praison_persist.scores import (
    DISTANCES,
    exact_search,
    from_distance,
    score,
    to_distance,
    validate_distance,
)

A, B = [1.0, 2.0, 2.0], [2.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("distance", "expected"),
    [("cosine", 2 / 6), ("dot", 2.0), ("euclidean", 1 / 4), ("manhattan", 1 / 6)],
)
def test_a_score_is_what_its_distance_defines(distance, expected):
    assert score(distance, A, B) == pytest.approx(expected)


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_same_vector_is_nearest(distance):
    assert score(distance, B, B) >= score(distance, A, B)


@pytest.mark.parametrize(
    ("distance", "engine"), [("cosine", 1 - 2 / 6), ("dot", -2.0), ("euclidean", 3.0), ("manhattan", 5.0)]
)
def test_an_engines_distance_and_a_score_convert_both_ways(distance, engine):
    assert from_distance(distance, engine) == pytest.approx(score(distance, A, B))
    assert to_distance(distance, score(distance, A, B)) == pytest.approx(engine)


def test_a_threshold_that_every_length_meets_has_no_distance():
    assert to_distance("euclidean", 0.0) == math.inf
    assert to_distance("manhattan", -1.0) == math.inf
    assert to_distance("euclidean", 2.0) < 0


def test_an_unknown_distance_is_refused_and_never_becomes_cosine():
    assert validate_distance("dot") == "dot"
    for wrong in ("l2", "Cosine", "", None, 1):
        with pytest.raises(InvalidInputError):
            validate_distance(wrong)
    with pytest.raises(InvalidInputError, match="manhattan"):
        validate_distance("manhattan", ("cosine", "dot"))


def test_vectors_that_cannot_be_compared_are_refused():
    with pytest.raises(InvalidInputError):
        score("dot", A, [1.0])
    with pytest.raises(InvalidInputError, match="zero"):
        score("cosine", A, [0.0, 0.0, 0.0])


def test_the_reference_search_filters_sorts_cuts_and_keeps_zero_as_a_threshold():
    items = [
        ("a", [1.0, 0.0], {"k": 1}),
        ("b", [0.0, 1.0], {"k": 1}),
        ("c", [-1.0, 0.0], {"k": 1}),
        ("d", [1.0, 0.0], {}),
    ]
    found = exact_search(items, [1.0, 0.0], distance="cosine", limit=5, condition=parse_filter({"k": 1}))
    assert [name for name, _ in found] == ["a", "b", "c"]
    found = exact_search(items, [1.0, 0.0], distance="cosine", limit=5, threshold=0.0)
    assert [name for name, _ in found] == ["a", "d", "b"]
    assert len(exact_search(items, [1.0, 0.0], distance="cosine", limit=2)) == 2
