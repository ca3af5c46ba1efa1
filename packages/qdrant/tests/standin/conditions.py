"""Filters of the REST protocol as filters of the core. What is not translated is refused, never ignored."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import qdrant_edge as edge
from qdrant_client import models
from qdrant_client.local.payload_filters import check_condition

_EVERYTHING = 2**31 - 1


class Conditions:
    """Translates for one shard."""

    def __init__(self, core: edge.EdgeShard) -> None:
        self._core = core

    def filter(self, condition: models.Filter) -> edge.Filter:
        least = condition.min_should
        return edge.Filter(
            must=self._all(condition.must),
            should=self._all(condition.should),
            must_not=self._all(condition.must_not),
            min_should=None if least is None else edge.MinShould(self._all(least.conditions) or [], least.min_count),
        )

    def _all(self, conditions: Any) -> list[Any] | None:
        if conditions is None:
            return None
        return [self._one(part) for part in (conditions if isinstance(conditions, list) else [conditions])]

    def _one(self, condition: Any) -> Any:
        if isinstance(condition, models.Filter):
            return self.filter(condition)
        if isinstance(condition, models.IsEmptyCondition):
            return edge.IsEmptyCondition(condition.is_empty.key)
        if isinstance(condition, models.IsNullCondition):
            return edge.IsNullCondition(condition.is_null.key)
        if isinstance(condition, models.HasIdCondition):
            return edge.HasIdCondition({id_ if isinstance(id_, int) else UUID(str(id_)) for id_ in condition.has_id})
        if isinstance(condition, models.FieldCondition):
            return self._field(condition)
        raise ValueError(f"the stand-in does not know {type(condition).__name__}")

    def _field(self, condition: models.FieldCondition) -> Any:
        key, match, bounds = condition.key, condition.match, condition.range
        if condition.is_null is not None:
            return edge.FieldCondition(key, is_null=condition.is_null)
        if condition.is_empty is not None:
            return edge.FieldCondition(key, is_empty=condition.is_empty)
        if isinstance(match, models.MatchValue) and isinstance(match.value, bool):
            return self._boolean(condition)
        if isinstance(match, models.MatchValue):
            return edge.FieldCondition(key, match=edge.MatchValue(match.value))
        if isinstance(match, models.MatchAny):
            return edge.FieldCondition(key, match=edge.MatchAny(list(match.any)))
        if isinstance(match, models.MatchExcept):
            return edge.FieldCondition(key, match=edge.MatchExcept(list(match.except_)))
        if isinstance(bounds, models.Range):
            limits = {name: value for name, value in bounds.model_dump().items() if value is not None}
            return edge.FieldCondition(key, range=edge.RangeFloat(**limits))
        raise ValueError("the stand-in does not know this condition on a field")

    def _boolean(self, condition: models.FieldCondition) -> edge.HasIdCondition:
        """The core compares booleans, but its Python binding reads True as 1: decide these by the client's own code."""
        points, _ = self._core.scroll(edge.ScrollRequest(limit=_EVERYTHING, with_payload=True, with_vector=False))
        return edge.HasIdCondition(
            {point.id for point in points if check_condition(condition, point.payload or {}, point.id, {})}
        )
