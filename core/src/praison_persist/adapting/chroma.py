"""Chroma in its own words, for its backend and for the partner packages of frameworks: metadata, filters, distances.

Chroma compares texts, numbers and booleans, and asks lists for one value; it knows no presence, no None and no order of
texts, and a list of numbers is in no range. Each key is a row of its own there, which costs more than what stands in
it. Deleting a collection leaves its lists behind, which records of other collections then seem to have
(chroma-core/chroma issue 7594, in 1.5.9): so a list is never asked for what a record lacks, and `filters.matches`
decides in any case. Pure functions on plain mappings; no client is imported, and no framework is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, cast

from ..filters import Comparison, Exists, Filter, In, Scalar, fields
from ..jsontext import is_plain_text
from ..narrowing import Leaf, Narrowed, narrow
from ..scores import Distance, from_distance
from .records import EXACT, PREFIX

__all__ = ["LOOSE", "OURS", "Keys", "Where", "chroma_distance", "chroma_score"]

Where = dict[str, Any]

OURS = PREFIX + "ours"
"""True in each record of ours, where records of somebody else may stand beside it."""

LOOSE = PREFIX + "loose"
"""The keys at which a list holds numbers or booleans, or a number is too large for Chroma."""

_INT64 = 2**63
_EXACT_INTEGERS = 2**53
_LARGEST = 200  # conditions; SQLite, below the embedded engine and the server, nests at most 1,000
_NOTHING: Where = {EXACT: {"$eq": ""}}
_THEIRS: Where = {OURS: {"$ne": True}}


@dataclass(frozen=True)
class Keys:
    """How the records of a program hold metadata.

    Attributes:
        own: keys that mean something else there, besides those that begin with ``praison_``.
        shared: records of somebody else stand beside ours, whose lists may be of numbers; ours are told by `OURS`.
    """

    own: AbstractSet[str] = frozenset()
    shared: bool = False

    def of(self, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
        """What Chroma can hold and compare of a document's metadata: nested keys are joined with a dot."""
        found: dict[str, Any] = {}
        loose: list[str] = []
        self._flatten(metadata or {}, (), found, loose)
        if loose:
            found[LOOSE] = loose
        if self.shared:
            found[OURS] = True
        return found

    def where(self, condition: Filter | None) -> Narrowed[Where]:
        """Chroma's filter that every matching record satisfies.

        It is called exact where next to nothing else does: fractions, loose keys, lists of a deleted collection, and
        what somebody else wrote.
        """
        if sum(1 for _ in fields(condition)) > _LARGEST:
            return Narrowed()
        return narrow(condition, self._leaf, _both, _either)

    def _leaf(self, node: Leaf, negated: bool) -> Narrowed[Where]:
        key = self._key(node.path)
        if key is None or isinstance(node, Exists):
            return Narrowed()
        if isinstance(node, In) and len(node.values) > _LARGEST:
            return Narrowed()
        if isinstance(node, Comparison) and node.op != "eq":
            return Narrowed() if negated else self._range(key, node)
        values = node.values if isinstance(node, In) else (node.value,)
        if negated:
            # A key with a dot may be somebody else's own, which is at no path.
            if self.shared and len(node.path) > 1:
                return Narrowed()
            return self._none_of(key, values)
        return self._one_of(key, values)

    def _range(self, key: str, node: Comparison) -> Narrowed[Where]:
        if isinstance(node.value, str) or not _is_comparable(node.value):
            return Narrowed()
        return Narrowed(_either([{key: _wider(node.op, cast(float, node.value))}, *self._unknown(key)]), exact=True)

    def _one_of(self, key: str, values: Sequence[Scalar]) -> Narrowed[Where]:
        wheres: list[Where] = []
        for value in values:
            if not _is_asked(value):
                return Narrowed()
            wheres.append({key: {"$eq": value}})
            if isinstance(value, str):
                wheres.append({key: {"$contains": value}})
        if not wheres:
            return Narrowed(_NOTHING, exact=True)
        if not all(isinstance(value, str) for value in values):
            wheres += self._unknown(key)
        return Narrowed(_either(wheres), exact=True)

    def _none_of(self, key: str, values: Sequence[Scalar]) -> Narrowed[Where]:
        asked = [one for one in values if _is_asked(one) and not (isinstance(one, float) and not one.is_integer())]
        wheres: list[Where] = [{key: {"$ne": value}} for value in asked]
        return Narrowed(_both(wheres) if wheres else None, exact=len(asked) == len(values))

    def _unknown(self, key: str) -> list[Where]:
        """The records whose numbers at the key Chroma does not compare."""
        return [{LOOSE: {"$contains": key}}, *([_THEIRS] if self.shared else [])]

    def _key(self, path: Sequence[str]) -> str | None:
        """The key of a record's metadata that holds what is at this path; None where Chroma cannot have one."""
        key = ".".join(path)
        if key in self.own or key.startswith((PREFIX, "#", "$")) or not is_plain_text(key):
            return None
        return key

    def _flatten(
        self, mapping: Mapping[str, Any], path: tuple[str, ...], found: dict[str, Any], loose: list[str]
    ) -> None:
        for name, value in mapping.items():
            here = (*path, name)
            # A filter cannot name a key with a dot, which is the path of nested keys.
            if not name or "." in name or (key := self._key(here)) is None:
                continue
            if isinstance(value, dict):
                self._flatten(cast("dict[str, Any]", value), here, found, loose)
            elif isinstance(value, list):
                items = cast("list[Any]", value)
                if texts := [item for item in items if isinstance(item, str) and is_plain_text(item)]:
                    found[key] = texts
                if any(isinstance(item, (bool, int, float)) for item in items):
                    loose.append(key)
            elif isinstance(value, str):
                if is_plain_text(value):
                    found[key] = value
            elif isinstance(value, (bool, float)):
                found[key] = value
            elif isinstance(value, int):
                if -_INT64 <= value < _INT64:
                    found[key] = value
                else:
                    loose.append(key)


def chroma_distance(configuration: Mapping[str, Any]) -> Distance:
    """What a collection of Chroma ranks by, from its configuration; squared L2 ranks as ``euclidean``."""
    index = cast("Mapping[str, Any]", configuration.get("hnsw") or configuration.get("spann") or {})
    known: dict[str, Distance] = {"cosine": "cosine", "ip": "dot"}
    return known.get(index.get("space", "l2"), "euclidean")


def chroma_score(distance: Distance, value: float) -> float:
    """The contract's score for Chroma's distance: 1 - cosine, 1 - dot, or the square of the length."""
    if distance == "cosine":
        return min(1.0, max(-1.0, 1.0 - value))
    return 1.0 - value if distance == "dot" else from_distance(distance, math.sqrt(max(value, 0.0)))


def _both(parts: Sequence[Where]) -> Where:
    return {"$and": list(parts)} if len(parts) > 1 else parts[0]


def _either(parts: Sequence[Where]) -> Where:
    return {"$or": list(parts)} if len(parts) > 1 else parts[0]


def _wider(op: str, bound: float) -> Where:
    """The range, or with a fraction a wider one: Chroma compares integers with the bound's integral part."""
    if bound == int(bound):
        return {f"${op}": bound}
    return {"$gte": math.floor(bound)} if op in ("gt", "gte") else {"$lte": math.ceil(bound)}


def _is_asked(value: Scalar) -> bool:
    return is_plain_text(value) if isinstance(value, str) else _is_comparable(value)


def _is_comparable(value: Scalar) -> bool:
    """Chroma compares it exactly with all that it holds: large numbers are equal to their neighbours there."""
    return isinstance(value, bool) or (isinstance(value, (int, float)) and abs(value) < _EXACT_INTEGERS)
