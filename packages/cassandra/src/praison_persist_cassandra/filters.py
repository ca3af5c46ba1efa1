"""What of a filter Cassandra's index can decide: metadata as terms, and the terms that a filter requires. No I/O.

A term is the JSON text of a path and a value, ``["author","name","Ada"]``; a list gives one for each element. Equality
asks the index for a term; everything else is decided by `praison_persist.filters.matches` on what the index leaves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from praison_persist.filters import And, Comparison, Filter, In, Scalar

__all__ = ["Plan", "plan", "terms_of"]

_LONGEST_TERM = 1000
"""The engine warns of longer ones, and refuses them from 8 KiB on."""


class Plan(NamedTuple):
    """How a filter is evaluated.

    Attributes:
        terms: every matching document has all of these.
        exact: every document that has them matches.
    """

    terms: tuple[str, ...]
    exact: bool


def plan(condition: Filter | None) -> Plan:
    """The terms that a filter requires, and whether they are all of it."""
    if condition is None:
        return Plan((), True)
    if isinstance(condition, And):
        parts = [plan(part) for part in condition.operands]
        terms = dict.fromkeys(term for part in parts for term in part.terms)
        return Plan(tuple(terms), all(part.exact for part in parts))
    if isinstance(condition, Comparison) and condition.op == "eq":
        return Plan((_term(condition.path, condition.value),), True)
    if isinstance(condition, In) and len(condition.values) == 1:
        return Plan((_term(condition.path, condition.values[0]),), True)
    return Plan((), False)


def terms_of(metadata: Mapping[str, Any] | None) -> set[str]:
    """All terms of a document."""
    return set(_walk((), metadata or {}))


def _walk(path: tuple[str, ...], value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, Any]", value).items():
            yield from _walk((*path, key), inner)
        return
    for item in cast("list[Any]", value) if isinstance(value, list) else [value]:
        if not isinstance(item, (list, Mapping)):
            yield _term(path, item)


def _term(path: tuple[str, ...], value: Scalar) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 1.0 equals 1
    text = json.dumps([*path, value], separators=(",", ":"))  # ASCII, whatever the text is
    return text if len(text) <= _LONGEST_TERM else "#" + hashlib.sha256(text.encode()).hexdigest()
