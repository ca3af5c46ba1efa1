"""The filter AST as a condition of Cosmos DB's SQL over a document's facets. Pure functions.

Exact but for ranges over strings and numbers beyond 2**53: these are narrowed down, and
`praison_persist.filters.matches` decides. What Cosmos DB means by a missing field never matters: every document has
the field of texts, and the bounds of numbers are asked for with IS_DEFINED.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from praison_persist.facets import FACTS, bound_of, present_word, words_of
from praison_persist.filters import Comparison, Filter
from praison_persist.narrowing import Leaf, Narrowed, narrow

__all__ = ["Where", "to_where"]

_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Where(NamedTuple):
    """A condition.

    Attributes:
        sql: the condition, after WHERE.
        parameters: what stands in it for values, by name, as the client takes them.
        exact: only documents that match satisfy it.
    """

    sql: str
    parameters: list[dict[str, Any]]
    exact: bool


def to_where(condition: Filter | None) -> Where:
    """A condition that every matching document satisfies."""
    parameters: list[dict[str, Any]] = []

    def put(value: Any) -> str:
        name = f"@f{len(parameters)}"
        parameters.append({"name": name, "value": value})
        return name

    def leaf(node: Leaf, negated: bool) -> Narrowed[str]:
        if isinstance(node, Comparison) and node.op != "eq":
            bound = bound_of(node)
            if bound is None:
                return Narrowed() if negated else Narrowed(f"ARRAY_CONTAINS(c.{FACTS}, {put(present_word(node.path))})")
            if negated and not bound.exact:
                return Narrowed()
            field = f'c["{bound.field}"]'
            some = f"(IS_DEFINED({field}) AND {field} {_SIGNS[bound.op]} {put(bound.value)})"
            return Narrowed(f"(NOT {some})" if negated else some, bound.exact)
        words = words_of(node) or ["-"]  # $in of nothing: no text is like this one
        has = _any_of([f"ARRAY_CONTAINS(c.{FACTS}, {put(word)})" for word in words])
        return Narrowed(f"(NOT {has})" if negated else has, exact=True)

    narrowed = narrow(condition, leaf, _all_of, _any_of)
    if narrowed.where is None:
        return Where("true", parameters, narrowed.exact)
    return Where(narrowed.where, parameters, narrowed.exact)


def _all_of(conditions: Sequence[str]) -> str:
    return f"({' AND '.join(conditions)})" if len(conditions) > 1 else conditions[0]


def _any_of(conditions: Sequence[str]) -> str:
    return f"({' OR '.join(conditions)})" if len(conditions) > 1 else conditions[0]
