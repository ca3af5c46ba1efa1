"""The filter AST as what Chroma can be asked for: every matching record satisfies it, `filters.matches` decides.

Chroma knows no presence, no None and no order of texts, and compares lists of texts only. Deleting a collection leaves
its lists behind, which records of other collections then seem to have (chroma-core/chroma issue 7594, in 1.5.9): so a
list is never asked for what a record lacks, and no filter is taken as exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from praison_persist.filters import Comparison, Exists, Filter, In, Not, Or, Scalar, fields
from praison_persist.jsontext import is_plain_text
from praison_persist.narrowing import Leaf, Narrowed, narrow

from .convert import LOOSE, WRITE, key_of

__all__ = ["Where", "to_where"]

Where = dict[str, Any]

_NOTHING: Where = {WRITE: {"$eq": ""}}
_EXACT_INTEGERS = 2**53
_LARGEST = 200  # conditions; SQLite, below the embedded engine and the server, nests at most 1,000


def to_where(condition: Filter | None) -> Narrowed[Where]:
    """Chroma's filter for an AST."""
    if sum(1 for _ in fields(condition)) > _LARGEST:
        return Narrowed()
    return narrow(condition, _leaf, _both, _either)


def _leaf(node: Leaf, negated: bool) -> Narrowed[Where]:
    key = key_of(node.path)
    if key is None or isinstance(node, Exists):
        return Narrowed()
    if isinstance(node, In):
        return _one_of(node, negated)
    value = node.value
    if value is None:
        return Narrowed()
    if node.op == "eq":
        return _equals(key, value, negated)
    if isinstance(value, str) or negated or not _is_comparable(value):
        return Narrowed()
    return Narrowed({"$or": [{key: _wider(node.op, value)}, _is_loose(key)]})


def _equals(key: str, value: str | float, negated: bool) -> Narrowed[Where]:
    if isinstance(value, str):
        if not is_plain_text(value):
            return Narrowed()
        if negated:
            return Narrowed({key: {"$ne": value}})
        return Narrowed({"$or": [{key: {"$eq": value}}, {key: {"$contains": value}}]})
    if not _is_comparable(value):
        return Narrowed()
    if negated:
        return Narrowed({key: {"$ne": value}} if value == int(value) else None)
    return Narrowed({"$or": [{key: {"$eq": value}}, _is_loose(key)]})


def _wider(op: str, bound: float) -> Where:
    """The range, or with a fraction a wider one: Chroma compares integers with the bound's integral part."""
    if bound == int(bound):
        return {f"${op}": bound}
    return {"$gte": math.floor(bound)} if op in ("gt", "gte") else {"$lte": math.ceil(bound)}


def _one_of(node: In, negated: bool) -> Narrowed[Where]:
    if not node.values:
        return Narrowed() if negated else Narrowed(_NOTHING)
    if len(node.values) > _LARGEST:
        return Narrowed()
    any_of = Or(tuple(Comparison(node.path, "eq", value) for value in node.values))
    return narrow(Not(any_of) if negated else any_of, _leaf, _both, _either)


def _both(parts: Sequence[Where]) -> Where:
    return {"$and": list(parts)}


def _either(parts: Sequence[Where]) -> Where:
    return {"$or": list(parts)}


def _is_loose(key: str) -> Where:
    return {LOOSE: {"$contains": key}}


def _is_comparable(value: Scalar) -> bool:
    """Chroma compares it exactly with all that `convert` stores: large numbers are equal to their neighbours there."""
    return isinstance(value, bool) or (isinstance(value, (int, float)) and abs(value) < _EXACT_INTEGERS)
