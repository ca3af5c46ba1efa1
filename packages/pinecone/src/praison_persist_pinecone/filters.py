"""The filter AST as a metadata filter of Pinecone over a document's facets. Pure functions.

Exact but for ranges over strings, numbers beyond 2**53 and negated ranges: these are narrowed down, and
`praison_persist.filters.matches` decides. Pinecone's own meaning of a missing field never matters: every document
has the field of texts, and the bounds of numbers are only asked for without negation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from praison_persist.facets import EVERY, FACTS, equal_word, number, number_field, present_word
from praison_persist.filters import Comparison, Exists, Filter, In
from praison_persist.narrowing import Leaf, Narrowed, narrow

__all__ = ["EVERYTHING", "to_filter"]

Native = dict[str, Any]

EVERYTHING: Native = {FACTS: {"$in": [EVERY]}}
"""All documents of this package."""

_EXACT = 2**53


def to_filter(condition: Filter | None, *, native: bool = True) -> Narrowed[Native]:
    """A filter that every matching document satisfies; see `Narrowed`.

    Args:
        condition: None for all documents.
        native: False for documents without facets, among which nothing can be narrowed down.
    """
    if not native:
        return Narrowed(exact=condition is None)
    return narrow(condition, _leaf, both=_all_of, either=_any_of)


def _leaf(node: Leaf, negated: bool) -> Narrowed[Native]:
    if isinstance(node, Comparison) and node.op != "eq":
        if negated:
            return Narrowed()
        if isinstance(node.value, str) or node.value is None:
            return Narrowed({FACTS: {"$in": [present_word(node.path)]}})
        exact = abs(node.value) < _EXACT
        op = node.op if exact else node.op[:2] + "e"
        field = number_field(node.path, largest=op.startswith("g"))
        return Narrowed({field: {f"${op}": number(node.value)}}, exact)
    if isinstance(node, Exists):
        words = [present_word(node.path)]
    else:
        values = node.values if isinstance(node, In) else (node.value,)
        words = list(dict.fromkeys(equal_word(node.path, value) for value in values))
    if not words:  # $in of nothing: no text is like this one
        words = ["-"]
    return Narrowed({FACTS: {"$nin" if negated else "$in": words}}, exact=True)


def _all_of(filters: Sequence[Native]) -> Native:
    return {"$and": list(filters)}


def _any_of(filters: Sequence[Native]) -> Native:
    return {"$or": list(filters)}
