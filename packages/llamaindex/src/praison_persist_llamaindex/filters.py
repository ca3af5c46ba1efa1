"""LlamaIndex's metadata filters as filters of the contract, of the same meaning or refused. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llama_index.core.vector_stores.types import FilterCondition, FilterOperator, MetadataFilter, MetadataFilters

from praison_persist.errors import InvalidInputError, UnsupportedFilterError

__all__ = ["to_filters"]


def to_filters(filters: MetadataFilters | None) -> dict[str, Any] | None:
    """The mapping of `praison_persist.filters`; None for None, empty for filters without a condition.

    A list in the metadata matches when one of its elements does, and a single value counts as a list of one. A dot in a
    key descends. ``not`` of several filters means that none of them matches; empty ones inside of others are left out.

    Raises:
        InvalidInputError: a value that the operator does not take.
        UnsupportedFilterError: ``text_match``, ``text_match_insensitive`` or ``is_empty``.
    """
    if filters is None:
        return None
    parts = [part for part in map(_part, filters.filters) if part]
    if not parts:
        return {}
    if filters.condition is FilterCondition.NOT:
        return {"$not": {"$or": parts}}
    return parts[0] if len(parts) == 1 else {"$or" if filters.condition is FilterCondition.OR else "$and": parts}


def _part(part: MetadataFilter | MetadataFilters) -> dict[str, Any] | None:
    if isinstance(part, MetadataFilters):
        return to_filters(part)
    translate = _OPERATORS.get(part.operator)
    if translate is None:
        raise UnsupportedFilterError(
            f"knowledge stores have no filter {part.operator.value!r} (for {part.key!r})",
            hint="search for words with mode=text_search where the engine can; ask for null with == None",
        )
    return translate(part.key, part.value)


def _plain(operator: str) -> Callable[[str, Any], dict[str, Any]]:
    return lambda key, value: {key: {operator: value}}


def _all(key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, list) or not value:
        raise InvalidInputError(f"the filter 'all' takes a list of at least one value, got {value!r} (for {key!r})")
    return {"$and": [{key: {"$eq": item}} for item in value]}


_OPERATORS: dict[FilterOperator, Callable[[str, Any], dict[str, Any]]] = {
    FilterOperator.EQ: _plain("$eq"),
    FilterOperator.NE: _plain("$ne"),
    FilterOperator.GT: _plain("$gt"),
    FilterOperator.GTE: _plain("$gte"),
    FilterOperator.LT: _plain("$lt"),
    FilterOperator.LTE: _plain("$lte"),
    FilterOperator.IN: _plain("$in"),
    FilterOperator.NIN: _plain("$nin"),
    FilterOperator.ANY: _plain("$in"),
    FilterOperator.CONTAINS: _plain("$eq"),
    FilterOperator.ALL: _all,
}
