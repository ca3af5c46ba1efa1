"""What a search score means: one definition per distance, and the exact reference for tests.

Every backend reports these scores whatever its engine returns; `exact_search` is the brute-force
reference that the test kit compares with (tolerance 1e-3). No backend code here.

| distance    | score                          | range   |
|-------------|--------------------------------|---------|
| cosine      | a·b / (|a| |b|)                | [-1, 1] |
| dot         | a·b                            | any     |
| euclidean   | 1 / (1 + sqrt(sum (a_i-b_i)^2))| (0, 1]  |
| manhattan   | 1 / (1 + sum |a_i-b_i|)        | (0, 1]  |

Higher is nearer, always. A threshold keeps documents with ``score >= threshold``; 0.0 is a threshold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from operator import mul, sub
from typing import Any, Literal, TypeVar

from .errors import InvalidInputError
from .filters import Filter, matches

__all__ = [
    "DISTANCES",
    "Distance",
    "exact_search",
    "from_distance",
    "score",
    "to_distance",
    "validate_distance",
]

Distance = Literal["cosine", "dot", "euclidean", "manhattan"]

DISTANCES: tuple[Distance, ...] = ("cosine", "dot", "euclidean", "manhattan")
"""Distances of the contract; every backend has the first three, ``manhattan`` only some engines."""

T = TypeVar("T")


def validate_distance(distance: object, supported: Sequence[str] = DISTANCES) -> Distance:
    """The distance itself, if this backend supports it.

    Raises:
        InvalidInputError: unknown or unsupported; never replaced by cosine.
    """
    for known in DISTANCES:
        if known == distance and known in supported:
            return known
    raise InvalidInputError(f"distance {distance!r} is not supported", hint=f"choose one of {', '.join(supported)}")


def score(distance: Distance, a: Sequence[float], b: Sequence[float]) -> float:
    """The exact score of two vectors of equal length.

    Raises:
        InvalidInputError: the lengths differ, or one is a zero vector under cosine.
    """
    if len(a) != len(b):
        raise InvalidInputError(f"vectors of {len(a)} and {len(b)} numbers cannot be compared")
    if distance == "euclidean":
        return 1.0 / (1.0 + math.dist(a, b))
    if distance == "manhattan":
        return 1.0 / (1.0 + math.fsum(map(abs, map(sub, a, b))))
    product = math.fsum(map(mul, a, b))
    if distance == "dot":
        return product
    norms = math.hypot(*a) * math.hypot(*b)
    if norms == 0.0:
        raise InvalidInputError("a zero vector has no direction, so no cosine score")
    return product / norms


def from_distance(distance: Distance, value: float) -> float:
    """The score for an engine's distance: ``1 - cosine``, ``-dot``, L2 or L1 length (not squared)."""
    if distance == "cosine":
        return 1.0 - value
    if distance == "dot":
        return -value
    return 1.0 / (1.0 + value)


def to_distance(distance: Distance, value: float) -> float:
    """The inverse of `from_distance`: the largest engine distance that still has this score.

    ``inf`` where every document qualifies (euclidean and manhattan thresholds of 0 or less);
    negative, so that none qualifies, for such thresholds above 1.
    """
    if distance == "cosine":
        return 1.0 - value
    if distance == "dot":
        return -value
    return math.inf if value <= 0.0 else 1.0 / value - 1.0


def exact_search(
    items: Iterable[tuple[T, Sequence[float], Mapping[str, Any] | None]],
    query: Sequence[float],
    *,
    distance: Distance,
    limit: int,
    condition: Filter | None = None,
    threshold: float | None = None,
) -> list[tuple[T, float]]:
    """Brute force over ``(item, vector, metadata)``: the reference result, best first, ties in input order."""
    scored = [
        (item, score(distance, vector, query)) for item, vector, metadata in items if matches(condition, metadata)
    ]
    if threshold is not None:
        scored = [pair for pair in scored if pair[1] >= threshold]
    scored.sort(key=lambda pair: -pair[1])
    return scored[:limit]
