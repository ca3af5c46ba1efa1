"""The filter AST as an expression of Milvus over a document's facets. Pure functions.

Exact but for ranges over strings and numbers beyond 2**53. Milvus Lite cannot negate, so what a document must lack is
left to `praison_persist.filters.matches`, as is what else is narrowed down only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from praison_persist.facets import bound_of, present_word, words_of
from praison_persist.filters import Comparison, Exists, Filter, In
from praison_persist.narrowing import Leaf, Narrowed, narrow

__all__ = ["any_id", "both", "to_expression"]

_NOTHING = 'id == ""'
_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def to_expression(condition: Filter | None, *, embedded: bool) -> Narrowed[str]:
    """An expression that every matching document satisfies; see `Narrowed`.

    Args:
        condition: None for all documents.
        embedded: for Milvus Lite. Given several texts, its ``json_contains_any`` unescapes each text of a row once for
            each of them, past the end of its buffer, and dies; so it is asked for one at a time.
    """
    return narrow(condition, partial(_leaf, embedded=embedded), both=lambda parts: both(*parts), either=_either)


def any_id(keys: Iterable[str]) -> str:
    """The rows with these keys, at least one."""
    return f"id in [{_quoted(keys)}]"


def both(*expressions: str | None) -> str:
    """All of these that are expressions; "" for all rows."""
    present = [expression for expression in expressions if expression]
    return _joined("and", present) if present else ""


def _leaf(node: Leaf, negated: bool, *, embedded: bool) -> Narrowed[str]:
    if negated:
        return Narrowed(exact=isinstance(node, In) and not node.values)
    path = present_word(node.path)
    words = [""]  # there is something
    if isinstance(node, Comparison) and node.op != "eq":
        bound = bound_of(node)
        if bound is not None:
            return Narrowed(f'bounds["{bound.field}"] {_COMPARE[bound.op]} {bound.value!r}', bound.exact)
        exact = False
    else:
        exact = True
        if not isinstance(node, Exists):
            words = words_of(node)
    if not words:
        return Narrowed(_NOTHING, exact)
    if embedded or len(words) == 1:
        return Narrowed(_either([f'json_contains(facts["{path}"], "{word}")' for word in words]), exact)
    return Narrowed(f'json_contains_any(facts["{path}"], [{_quoted(words)}])', exact)


def _either(expressions: Sequence[str]) -> str:
    return _joined("or", expressions)


def _joined(operator: str, expressions: Sequence[str]) -> str:
    """As a balanced tree: Milvus refuses one that is some fifty levels deep, as is a chain."""
    if len(expressions) == 1:
        return expressions[0]
    middle = len(expressions) // 2
    return f"({_joined(operator, expressions[:middle])}) {operator} ({_joined(operator, expressions[middle:])})"


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)  # digests only, which have no quotes
