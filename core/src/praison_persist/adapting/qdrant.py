"""Qdrant in the words of its REST interface, for the partner packages of frameworks: filters, distances, keys.

Pure functions on plain mappings and texts; no client is imported, and no framework is known.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..facets import FACTS, Bound, narrowed
from ..filters import Filter
from ..narrowing import Narrowed
from ..scores import Distance, from_distance
from .records import OURS, facet

__all__ = [
    "qdrant_distance",
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


def qdrant_filter(condition: Filter | None, prefix: str = "") -> Narrowed[Mapping[str, Any]]:
    """Qdrant's filter, as in its REST interface, that every matching point satisfies; those of somebody else all do.

    Args:
        condition: None for all points.
        prefix: where the record's metadata stands in the payload, with a dot at the end.
    """

    def has(words: Sequence[str], negated: bool) -> Mapping[str, Any]:
        one = {"value": words[0]} if len(words) == 1 else {"any": list(words)}
        match = {"key": prefix + facet(FACTS), "match": one}
        return {"must_not": [match]} if negated else match

    def either(parts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        return {"should": list(parts)}

    def compare(bound: Bound) -> Mapping[str, Any]:
        return {"key": prefix + facet(bound.field), "range": {bound.op: bound.value}}

    ours = narrowed(condition, has, compare, lambda parts: {"must": list(parts)}, either)
    if ours.where is None:
        return ours
    theirs = {"is_empty": {"key": prefix + OURS}}
    return replace(ours, where=either([ours.where, theirs]))


def qdrant_key(id_: str) -> str:
    """The UUID that a document has in Qdrant, which takes no other texts as ids: the id itself if it is one."""
    with suppress(ValueError):
        if str(uuid.UUID(id_)) == id_:
            return id_
    return str(uuid.uuid5(_NAMESPACE, id_))


_NAMESPACE = uuid.UUID("8a1de0f7-6c57-5d0e-9d5c-4f0f6f1f2f0b")
