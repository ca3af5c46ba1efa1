"""The filter AST as a metadata filter of Pinecone over a document's facets. Pure functions.

Exact but for ranges over strings, numbers beyond 2**53 and negated ranges: these are narrowed down, and
`praison_persist.filters.matches` decides. Pinecone's own meaning of a missing field never matters: every document
has the field of texts, and the bounds of numbers are only asked for without negation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from praison_persist.facets import EVERY, FACTS, Bound, narrowed
from praison_persist.filters import Filter
from praison_persist.narrowing import Narrowed

__all__ = ["EVERYTHING", "to_filter"]

Native = dict[str, Any]

EVERYTHING: Native = {FACTS: {"$in": [EVERY]}}
"""All documents of this package."""


def to_filter(condition: Filter | None, *, native: bool = True) -> Narrowed[Native]:
    """A filter that every matching document satisfies; see `Narrowed`.

    Args:
        condition: None for all documents.
        native: False for documents without facets, among which nothing can be narrowed down.
    """
    if not native:
        return Narrowed(exact=condition is None)
    return narrowed(condition, _has, _compare, both=_all_of, either=_any_of)


def _has(words: Sequence[str], negated: bool) -> Native:
    return {FACTS: {"$nin" if negated else "$in": list(words)}}


def _compare(bound: Bound) -> Native:
    return {bound.field: {f"${bound.op}": bound.value}}


def _all_of(filters: Sequence[Native]) -> Native:
    return {"$and": list(filters)}


def _any_of(filters: Sequence[Native]) -> Native:
    return {"$or": list(filters)}
