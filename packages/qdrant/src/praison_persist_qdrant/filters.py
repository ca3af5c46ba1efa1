"""The filter AST as a Qdrant filter of exactly the same meaning, or `UnsupportedFilterError`. No I/O.

Qdrant compares numbers as doubles and orders no strings; what that cannot decide is refused. One exception, in the
last place of some floats, is told by `praison_persist.adapting.qdrant_values`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from qdrant_client import models

from praison_persist.adapting.qdrant import qdrant_condition
from praison_persist.adapting.qdrant_values import is_comparable_path
from praison_persist.errors import UnsupportedFilterError
from praison_persist.filters import And, Filter, Not, Or

from .convert import MARK, to_point_id

__all__ = ["ids_condition", "points_condition", "to_filter"]

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
    nested = _as_filter(_Translator("metadata.").translate(condition, 1))
    if native:
        return nested
    flat = _as_filter(_Translator("").translate(condition, 2))
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
    """Args: prefix: the payload field that holds the metadata, with a dot; "" where the payload itself does."""

    def __init__(self, prefix: str) -> None:
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
        if not self._prefix and not is_comparable_path(node.path):
            raise UnsupportedFilterError(f"Qdrant has no way to name the payload field {'.'.join(node.path)!r}")
        return cast(Any, models.Filter.model_validate({"must": qdrant_condition(node, self._prefix)}).must)

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


def _as_filter(condition: models.Condition) -> models.Filter:
    return condition if isinstance(condition, models.Filter) else models.Filter(must=[condition])
