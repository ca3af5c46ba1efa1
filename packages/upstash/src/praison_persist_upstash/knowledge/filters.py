"""The filter AST as a filter of Upstash Vector over a document's facets. Pure functions.

Upstash's own filters say nothing of None, of missing fields, of numbers in lists and of texts in order. So documents
are filtered by a list of digests that every one of them has, and by the bounds of their numbers, without negation.
`praison_persist.filters.matches` decides in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from praison_persist.facets import FACTS, bound_of, present_word, words_of
from praison_persist.filters import Comparison, Filter
from praison_persist.narrowing import Leaf, Narrowed, narrow

__all__ = ["to_filter"]

_LONGEST = 8_000
"""Letters of a filter that is sent; the vendor publishes no limit."""

_SMALL, _LARGE = 1e-6, 2.0**53
_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def to_filter(condition: Filter | None, *, native: bool) -> str:
    """A filter that every matching document satisfies; empty where nothing can be narrowed down.

    Args:
        condition: None for all documents.
        native: False for documents without facets.
    """
    where = narrow(condition, _leaf, both=_all_of, either=_any_of).where if native else None
    return where if where is not None and len(where) <= _LONGEST else ""


def _leaf(node: Leaf, negated: bool) -> Narrowed[str]:
    if isinstance(node, Comparison) and node.op != "eq":
        return Narrowed() if negated else Narrowed(_range(node))
    words = words_of(node)
    if negated:
        return Narrowed(_all_of([f"{FACTS} NOT CONTAINS '{word}'" for word in words])) if words else Narrowed()
    return Narrowed(_any_of([f"{FACTS} CONTAINS '{word}'" for word in words or ["-"]]))  # no text is like this one


def _range(node: Comparison) -> str:
    """Numbers as plain decimals, which is all that the vendor's documentation shows."""
    bound = bound_of(node)
    if bound is not None and (node.value == 0 or _SMALL <= abs(bound.value) < _LARGE):
        return f"{bound.field} {_COMPARE[bound.op]} {Decimal(repr(bound.value)):f}"
    return f"{FACTS} CONTAINS '{present_word(node.path)}'"


def _all_of(filters: Sequence[str]) -> str:
    return filters[0] if len(filters) == 1 else f"({' AND '.join(filters)})"


def _any_of(filters: Sequence[str]) -> str:
    return filters[0] if len(filters) == 1 else f"({' OR '.join(filters)})"
