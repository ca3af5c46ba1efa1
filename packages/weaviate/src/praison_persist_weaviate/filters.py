"""The filter AST as a filter of Weaviate over the documents' words. Pure functions.

Exact but for ranges over strings, numbers beyond 2**53, negated ranges and, for searches, all ranges: these are
narrowed down, and `praison_persist.filters.matches` decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from weaviate.classes.query import Filter as Native

from praison_persist.filters import Comparison, Exists, Filter, In
from praison_persist.narrowing import Leaf, Narrowed, narrow

from .convert import to_uuid, write_word
from .words import EVERY, beginnings, equal_word, list_bound, present_word

__all__ = ["any_id", "both", "brought_by", "everything", "to_filter"]

_COMPARE: Mapping[str, Callable[[Any, float], Any]] = {
    "gt": lambda field, value: field.greater_than(value),
    "gte": lambda field, value: field.greater_or_equal(value),
    "lt": lambda field, value: field.less_than(value),
    "lte": lambda field, value: field.less_or_equal(value),
}
_NO_ID = "00000000-0000-0000-0000-000000000000"


def to_filter(condition: Filter | None, *, lists: bool = False) -> Narrowed[Any]:
    """A filter that every matching document satisfies; see `Narrowed`.

    Args:
        condition: None for all documents.
        lists: ask for ranges in the lists of numbers, which is quick and not exact.
    """
    return narrow(
        condition,
        partial(_leaf, lists=lists),
        both=lambda filters: Native.all_of(list(filters)),
        either=lambda filters: Native.any_of(list(filters)),
    )


def any_id(ids: Sequence[str]) -> Any:
    """The objects of these documents, at least one."""
    return Native.by_id().contains_any([to_uuid(id_) for id_ in ids])


def brought_by(write: str) -> Any:
    """The objects that a write brought."""
    return _word(write_word(write))


def everything() -> Any:
    """All objects."""
    return _word(EVERY)


def both(*filters: Any) -> Any:
    """All of these that are filters; None for all objects."""
    given = [one for one in filters if one is not None]
    return Native.all_of(given) if len(given) > 1 else next(iter(given), None)


def _leaf(node: Leaf, negated: bool, *, lists: bool) -> Narrowed[Any]:
    if isinstance(node, Comparison) and node.op != "eq":
        if negated:
            return Narrowed()
        if isinstance(node.value, str) or node.value is None:
            return Narrowed(_word(present_word(node.path)))
        if lists:
            field, op, value = list_bound(node)
            return Narrowed(_COMPARE[op](Native.by_property(field), value))
        texts, exact = beginnings(node)
        return Narrowed(_either([Native.by_property("words").like(f"{text}*") for text in texts]), exact)
    if isinstance(node, Exists):
        words = [present_word(node.path)]
    else:
        values = node.values if isinstance(node, In) else (node.value,)
        words = list(dict.fromkeys(equal_word(node.path, value) for value in values))
    if negated:
        lacking = [Native.by_property("words").not_equal(word) for word in words]
        # What lacks a word are also documents that are gone, until Weaviate tidies up.
        return Narrowed(Native.all_of([everything(), *lacking]) if lacking else None, exact=True)
    return Narrowed(_either([_word(word) for word in words]), exact=True)


def _word(word: str) -> Any:
    return Native.by_property("words").equal(word)


def _either(filters: list[Any]) -> Any:
    if not filters:
        return Native.by_id().equal(_NO_ID)
    return filters[0] if len(filters) == 1 else Native.any_of(filters)
