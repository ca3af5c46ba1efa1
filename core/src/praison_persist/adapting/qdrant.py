"""Qdrant in the words of its REST interface, for its backend and the partner packages of frameworks.

Pure functions on plain mappings and texts; no client is imported, and no framework is known.
"""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..errors import UnsupportedFilterError
from ..filters import Comparison, Exists, Filter, In, Scalar
from ..narrowing import Leaf, Narrowed, narrow
from ..scores import Distance, from_distance
from .qdrant_values import (
    EXACT_INTEGERS,
    comparable,
    comparable_key,
    comparable_number,
    comparable_text,
    is_comparable_path,
)
from .records import PREFIX

__all__ = [
    "qdrant_condition",
    "qdrant_distance",
    "qdrant_fields",
    "qdrant_filter",
    "qdrant_key",
    "qdrant_score",
]


def qdrant_distance(name: str) -> Distance:
    """What a collection of Qdrant ranks by, from the name of its distance."""
    known: dict[str, Distance] = {"Cosine": "cosine", "Dot": "dot", "Euclid": "euclidean", "Manhattan": "manhattan"}
    return known[name]


def qdrant_score(distance: Distance, value: float) -> float:
    """The contract's score for what Qdrant returns: a similarity for cosine and dot, a length for the others."""
    if distance == "cosine":
        return min(1.0, max(-1.0, value))
    return value if distance == "dot" else from_distance(distance, value)


def qdrant_fields(metadata: Mapping[str, Any] | None, *, own: AbstractSet[str] = frozenset()) -> dict[str, Any]:
    """What Qdrant holds and compares of a document's metadata, beside keys that mean something else there."""
    given = {key: value for key, value in (metadata or {}).items() if key not in own and not key.startswith(PREFIX)}
    return comparable(given)


def qdrant_filter(
    condition: Filter | None, prefix: str = "", *, own: AbstractSet[str] = frozenset()
) -> Narrowed[Mapping[str, Any]]:
    """Qdrant's filter, as in its REST interface, that every matching point satisfies, also one of somebody else.

    It is called exact where next to nothing else does: floats that Qdrant takes for one another.

    Args:
        condition: None for all points.
        prefix: where the record's metadata stands in the payload, with a dot at the end.
        own: keys that mean something else there.
    """

    def leaf(node: Leaf, negated: bool) -> Narrowed[Mapping[str, Any]]:
        if node.path[0] in own or node.path[0].startswith(PREFIX) or not _is_sure(node, negated):
            return Narrowed()
        if isinstance(node, Comparison) and node.op != "eq":  # two numbers may be one there
            node = replace(node, op=node.op[:2] if negated else f"{node.op[:2]}e")
        try:
            found = qdrant_condition(node, prefix)
        except UnsupportedFilterError:
            return Narrowed()
        return Narrowed({"must_not": [found]} if negated else found, exact=True)

    asked = narrow(condition, leaf, lambda parts: {"must": list(parts)}, lambda parts: {"should": list(parts)})
    if asked.where is None or not asked.where.keys().isdisjoint(("must", "should", "must_not")):
        return asked
    return replace(asked, where={"must": [asked.where]})


def qdrant_condition(node: Leaf, prefix: str = "") -> Mapping[str, Any]:
    """Qdrant's condition of the same meaning, for metadata in the form of `qdrant_values.comparable`.

    Raises:
        UnsupportedFilterError: a range over strings, a number too large to compare.
    """
    key = prefix + ".".join(part if _BARE.fullmatch(part) else f'"{part}"' for part in map(comparable_key, node.path))
    if isinstance(node, Exists):
        return {"should": [{"must_not": [{"is_empty": {"key": key}}]}, _is_null(key)]}
    if isinstance(node, In):
        return _one_of(key, node.values)
    return _equals(key, node.value) if node.op == "eq" else _range(key, node)


def qdrant_key(id_: str) -> str:
    """The UUID that a document has in Qdrant, which takes no other texts as ids: the id itself if it is one."""
    with suppress(ValueError):
        if str(uuid.UUID(id_)) == id_:
            return id_
    return str(uuid.uuid5(_NAMESPACE, id_))


_NAMESPACE = uuid.UUID("8a1de0f7-6c57-5d0e-9d5c-4f0f6f1f2f0b")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def _is_sure(node: Leaf, negated: bool) -> bool:
    """Whether no match is lost: one of somebody else, whose metadata has another form, or one of two like numbers."""
    if not is_comparable_path(node.path):
        return False
    if isinstance(node, Exists):
        return negated  # an empty list is absent in Qdrant
    values = node.values if isinstance(node, In) else (node.value,)
    if any(isinstance(value, str) and comparable_text(value) != value for value in values):
        return False
    equality = isinstance(node, In) or node.op == "eq"
    return not (negated and equality and any(type(value) in (int, float) for value in values))


def _is_null(key: str) -> Mapping[str, Any]:
    """None, or a list with None. (Servers before 1.20 do not see the list with the condition named IsNull.)"""
    return {"key": key, "is_null": True}


def _one_of(key: str, values: Sequence[Scalar]) -> Mapping[str, Any]:
    texts = [comparable_text(value) for value in values if isinstance(value, str)]
    conditions = [_equals(key, value) for value in values if not isinstance(value, str)]
    if texts:
        conditions.append({"key": key, "match": {"any": texts}})
    if not conditions:
        return {"has_id": []}
    return conditions[0] if len(conditions) == 1 else {"should": conditions}


def _equals(key: str, value: Scalar) -> Mapping[str, Any]:
    if value is None:
        return _is_null(key)
    if isinstance(value, str):
        return {"key": key, "match": {"value": comparable_text(value)}}
    if isinstance(value, bool):
        return {"key": key, "match": {"value": value}}
    number = comparable_number(value)
    if isinstance(number, int) and abs(number) >= EXACT_INTEGERS:
        return {"key": key, "match": {"value": number}}
    if abs(number) == sys.float_info.max:
        raise UnsupportedFilterError(
            "Qdrant keeps integers of 64 bit; a filter cannot ask for a larger one", hint="keep such numbers as strings"
        )
    # A range, since a match of 1 does not find 1.0.
    return {"key": key, "range": {"gte": float(number), "lte": float(number)}}


def _range(key: str, node: Comparison) -> Mapping[str, Any]:
    if isinstance(node.value, str):
        raise UnsupportedFilterError(
            f"Qdrant orders numbers, not strings: ${node.op} on {'.'.join(node.path)!r}",
            hint="store what you want to compare as a number (a date as seconds since the epoch, for example)",
        )
    bound = comparable_number(node.value or 0)
    if abs(bound) >= EXACT_INTEGERS:
        raise UnsupportedFilterError(
            f"Qdrant compares numbers as doubles, which is not exact from 2**53 on: ${node.op} {bound!r}"
        )
    return {"key": key, "range": {node.op: float(bound)}}
