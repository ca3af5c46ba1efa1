"""The filter AST as a Qdrant filter of exactly the same meaning, or `UnsupportedFilterError`. No I/O.

Qdrant compares numbers as doubles and orders no strings; what that cannot decide is refused. One exception, in the
last place of some floats, is told by `comparable.comparable_number`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from qdrant_client import models

from praison_persist.errors import UnsupportedFilterError
from praison_persist.filters import And, Comparison, Exists, Filter, In, Not, Or, Scalar

from .comparable import EXACT_INTEGERS, comparable_key, comparable_number, comparable_text
from .convert import MARK, to_point_id

__all__ = ["ids_condition", "points_condition", "to_filter"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_DEEPEST = 56  # Qdrant's JSON parser gives up at 128 levels; a filter takes two, a condition and the request a few


def to_filter(condition: Filter | None, *, native: bool) -> models.Filter | None:
    """Qdrant's filter for an AST.

    Args:
        condition: None for no filter.
        native: False for a collection in which PraisonAI's points, with flat metadata, may stand beside ours.

    Raises:
        UnsupportedFilterError: a range over strings, a number too large to compare, or too deep a nesting.
    """
    if condition is None:
        return None
    nested = _as_filter(_Translator("metadata").translate(condition, 1))
    if native:
        return nested
    flat = _as_filter(_Translator(None).translate(condition, 2))
    unmarked = models.IsEmptyCondition(is_empty=models.PayloadField(key=MARK))
    return models.Filter(
        should=[models.Filter(must=[nested], must_not=[unmarked]), models.Filter(must=[unmarked, flat])]
    )


def ids_condition(document_ids: list[str]) -> models.FieldCondition:
    """Points of these documents, whatever the points' own ids are."""
    return models.FieldCondition(key="doc_id", match=models.MatchAny(any=document_ids))


def points_condition(document_ids: Sequence[str]) -> models.HasIdCondition:
    """The points that this package stores these documents in."""
    points: list[models.ExtendedPointId] = [to_point_id(id_) for id_ in document_ids]
    return models.HasIdCondition(has_id=points)


class _Translator:
    """Args: prefix: the payload field that holds the metadata; None where the payload itself does."""

    def __init__(self, prefix: str | None) -> None:
        self._prefix = prefix

    def translate(self, node: Filter, depth: int) -> models.Condition:
        if depth > _DEEPEST:
            raise UnsupportedFilterError(
                "the filter is nested deeper than Qdrant reads", hint="split it, or join $or branches"
            )
        if isinstance(node, And):
            return self._both(node, depth)
        if isinstance(node, Or):
            return models.Filter(should=[self.translate(part, depth + 1) for part in node.operands])
        if isinstance(node, Not):
            return models.Filter(must_not=[self.translate(node.operand, depth + 1)])
        key = self._key(node.path)
        if isinstance(node, Exists):
            empty = models.IsEmptyCondition(is_empty=models.PayloadField(key=key))
            return models.Filter(should=[models.Filter(must_not=[empty]), _is_null(key)])
        if isinstance(node, In):
            return _one_of(key, node.values)
        return _equals(key, node.value) if node.op == "eq" else _range(key, node)

    def _both(self, node: And, depth: int) -> models.Filter:
        """All operands in one level: negations and the first alternative have clauses of their own."""
        alternative = next((part for part in node.operands if isinstance(part, Or)), None)
        must = [part for part in node.operands if part is not alternative and not isinstance(part, Not)]
        must_not = [part.operand for part in node.operands if isinstance(part, Not)]
        should = alternative.operands if alternative else ()
        return models.Filter(
            must=[self.translate(part, depth + 1) for part in must] or None,
            must_not=[self.translate(part, depth + 1) for part in must_not] or None,
            should=[self.translate(part, depth + 1) for part in should] or None,
        )

    def _key(self, path: tuple[str, ...]) -> str:
        parts = [comparable_key(part) for part in path]
        if self._prefix is None and parts != list(path):
            raise UnsupportedFilterError(f"Qdrant has no way to name the payload field {'.'.join(path)!r}")
        quoted = ".".join(part if _BARE.fullmatch(part) else f'"{part}"' for part in parts)
        return quoted if self._prefix is None else f"{self._prefix}.{quoted}"


def _as_filter(condition: models.Condition) -> models.Filter:
    return condition if isinstance(condition, models.Filter) else models.Filter(must=[condition])


def _is_null(key: str) -> models.FieldCondition:
    """None, or a list with None. (Servers before 1.20 do not see the list with the condition named IsNull.)"""
    return models.FieldCondition(key=key, is_null=True)


def _one_of(key: str, values: tuple[Scalar, ...]) -> models.Condition:
    texts = [comparable_text(value) for value in values if isinstance(value, str)]
    conditions: list[models.Condition] = [_equals(key, value) for value in values if not isinstance(value, str)]
    if texts:
        conditions.append(models.FieldCondition(key=key, match=models.MatchAny(any=texts)))
    if not conditions:
        return models.HasIdCondition(has_id=[])
    return conditions[0] if len(conditions) == 1 else models.Filter(should=conditions)


def _equals(key: str, value: Scalar) -> models.Condition:
    if value is None:
        return _is_null(key)
    if isinstance(value, str):
        return models.FieldCondition(key=key, match=models.MatchValue(value=comparable_text(value)))
    if isinstance(value, bool):
        return models.FieldCondition(key=key, match=models.MatchValue(value=value))
    number = comparable_number(value)
    if isinstance(number, int) and abs(number) >= EXACT_INTEGERS:
        return models.FieldCondition(key=key, match=models.MatchValue(value=number))
    if abs(number) == sys.float_info.max:
        raise UnsupportedFilterError(
            "Qdrant keeps integers of 64 bit; a filter cannot ask for a larger one", hint="keep such numbers as strings"
        )
    # A range, since MatchValue(1) does not find 1.0.
    return models.FieldCondition(key=key, range=models.Range(gte=number, lte=number))


def _range(key: str, node: Comparison) -> models.Condition:
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
    return models.FieldCondition(key=key, range=models.Range(**{node.op: bound}))
