"""Maximal marginal relevance: of the nearest vectors, those that are near to the query but not to each other.

Pure functions on lists of floats.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul

__all__ = ["diverse"]


def diverse(query: Sequence[float], vectors: Sequence[Sequence[float]], k: int, lambda_mult: float) -> list[int]:
    """The positions of at most ``k`` vectors, chosen one after the other (Carbonell and Goldstein, 1998).

    Args:
        query: where to be near to.
        vectors: candidates of the same length.
        k: how many; 0 or less for none.
        lambda_mult: 1 looks at the nearness to the query only, 0 at the distance from what is chosen only.
    """
    target = _direction(query)
    directions = [_direction(vector) for vector in vectors]
    relevance = [_dot(target, direction) for direction in directions]
    redundancy = [-1.0] * len(vectors)
    left, chosen = list(range(len(vectors))), list[int]()
    while left and len(chosen) < k:
        if chosen:
            last = directions[chosen[-1]]
            for index in left:
                redundancy[index] = max(redundancy[index], _dot(last, directions[index]))
            best = max(left, key=lambda index: lambda_mult * relevance[index] - (1 - lambda_mult) * redundancy[index])
        else:
            best = max(left, key=relevance.__getitem__)
        left.remove(best)
        chosen.append(best)
    return chosen


def _direction(vector: Sequence[float]) -> list[float]:
    """The vector at length 1; a zero vector, which has no direction, stays and is near to nothing."""
    length = math.hypot(*vector) or 1.0
    return [number / length for number in vector]


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(map(mul, a, b))
