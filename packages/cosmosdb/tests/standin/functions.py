"""What Cosmos DB's SQL compares, orders and computes, by its reference: values of different types do not compare."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from operator import mul
from typing import Any

__all__ = ["FUNCTIONS", "UNDEFINED", "compare", "distance", "order", "rank"]


class _Undefined:
    """A value that is not there."""


UNDEFINED = _Undefined()

_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compare(sign: str, left: Any, right: Any) -> Any:
    """A comparison: undefined where one of the values is, or where ranges are of different types."""
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    same = _kind(left) == _kind(right)
    if sign in ("=", "!=", "<>"):
        return (same and left == right) is (sign == "=")
    if not same or isinstance(left, (list, dict)):
        return UNDEFINED
    return _SIGNS[sign](left, right) if left is not None else UNDEFINED


def order(value: Any) -> tuple[int, Any]:
    """What a value is ordered by: undefined, null, booleans, numbers, texts."""
    if value is UNDEFINED or value is None:
        return (0 if value is UNDEFINED else 1), 0
    kinds = {"boolean": 2, "number": 3, "text": 4}
    return kinds.get(_kind(value), 5), value if _kind(value) in kinds else 0


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "text", list: "array", dict: "object"}.get(type(value), "null")


def _contains(array: Any, value: Any) -> Any:
    if not isinstance(array, list) or value is UNDEFINED:
        return UNDEFINED if array is UNDEFINED else False
    return any(_kind(one) == _kind(value) and one == value for one in array)


def distance(metric: str, embedding: Any, vector: Any) -> Any:
    """What VectorDistance gives: a similarity, or for euclidean a length; undefined for what is no such embedding."""
    if not isinstance(embedding, list) or len(embedding) != len(vector):
        return UNDEFINED
    if metric == "euclidean":
        return _Far(math.dist(embedding, vector))
    product = sum(map(mul, embedding, vector))
    if metric == "dotproduct":
        return product
    lengths = math.hypot(*embedding) * math.hypot(*vector)
    return product / lengths if lengths else UNDEFINED


class _Far(float):
    """A distance, of which the smaller is the nearer; other measures are similarities."""


def rank(value: Any) -> Any:
    """What orders the most similar first; items without the embedding are last."""
    if value is UNDEFINED:
        return math.inf
    return float(value) if isinstance(value, _Far) else -value


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ARRAY_CONTAINS": _contains,
    "IS_DEFINED": lambda value: value is not UNDEFINED,
}
