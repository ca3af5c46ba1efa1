"""The filter AST as an expression of Milvus over a document's facets. Pure functions.

Exact but for ranges over strings and numbers beyond 2**53. Milvus Lite cannot negate, so what a document must lack is
left to `praison_persist.filters.matches`, as is what else is narrowed down only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from praison_persist.facets import bound_of, present_word, words_of
from praison_persist.filters import Comparison, Filter, In
from praison_persist.narrowing import Leaf, Narrowed, narrow

__all__ = ["any_id", "both", "to_expression"]

_NOTHING = 'id == ""'
_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def to_expression(condition: Filter | None) -> Narrowed[str]:
    """An expression that every matching document satisfies; see `Narrowed`."""
    return narrow(condition, _leaf, both=lambda parts: both(*parts), either=_either)


def any_id(keys: Iterable[str]) -> str:
    """The rows with these keys, at least one."""
    return f"id in [{_quoted(keys)}]"


def both(*expressions: str | None) -> str:
    """All of these that are expressions; "" for all rows."""
    return " and ".join(f"({expression})" for expression in expressions if expression)


def _leaf(node: Leaf, negated: bool) -> Narrowed[str]:
    if negated:
        return Narrowed(exact=isinstance(node, In) and not node.values)
    if isinstance(node, Comparison) and node.op != "eq":
        bound = bound_of(node)
        if bound is None:
            return Narrowed(_facts([present_word(node.path)]))
        return Narrowed(f'bounds["{bound.field}"] {_COMPARE[bound.op]} {bound.value!r}', bound.exact)
    return Narrowed(_facts(words_of(node)), exact=True)


def _facts(words: Iterable[str]) -> str:
    quoted = _quoted(words)
    return f"array_contains_any(facts, [{quoted}])" if quoted else _NOTHING


def _either(expressions: Sequence[str]) -> str:
    return " or ".join(f"({expression})" for expression in expressions)


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)  # digests only, which have no quotes
