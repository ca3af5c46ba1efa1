"""The filter AST as a condition of SQL++ over a document's facets. Pure functions.

Exact but for ranges over strings, numbers beyond 2**53 and negated ranges: these are narrowed down, and
`praison_persist.filters.matches` decides. MISSING never matters: every document has the list of texts, and the bounds
of numbers are only asked for without negation. What is quoted consists of digests, so nothing needs escaping.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from praison_persist.facets import FACTS, Bound, narrowed
from praison_persist.filters import Filter
from praison_persist.narrowing import Narrowed

__all__ = ["FACETS", "to_where"]

FACETS = "facets"
"""The field of a document with what filters ask for."""

_WORDS = f"d.{FACETS}.{FACTS}"
_OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def to_where(condition: Filter | None) -> Narrowed[str]:
    """A condition on the document ``d`` that every matching one satisfies; see `Narrowed`."""
    return narrowed(condition, _has, _compare, both=_all_of, either=_any_of)


def _compare(bound: Bound) -> str:
    return f"d.{FACETS}.`{bound.field}` {_OPERATORS[bound.op]} {json.dumps(bound.value)}"


def _has(words: Sequence[str], negated: bool) -> str:
    """That the document has one of these words, or none of them."""
    if len(words) == 1:
        return f"{json.dumps(words[0])} {'NOT ' if negated else ''}IN {_WORDS}"
    return f"{'NOT ' if negated else ''}(ANY w IN {_WORDS} SATISFIES w IN {json.dumps(list(words))} END)"


def _all_of(conditions: Sequence[str]) -> str:
    return f"({' AND '.join(conditions)})"


def _any_of(conditions: Sequence[str]) -> str:
    return f"({' OR '.join(conditions)})"
