"""Metadata in the forms that Pinecone can filter by: a list of short texts, and bounds of the numbers at each path.

Each fact of `praison_persist.facts` is a text, as a digest: that there is something at a path, and each scalar there.
The smallest and the largest number at a path are two number fields, so that ranges over numbers are exact: one of
several numbers is greater than a bound when the largest is. Pure functions.
"""

from __future__ import annotations

import math
import sys
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from praison_persist.facts import equal, facts_of, present
from praison_persist.filters import Scalar

__all__ = ["EVERY", "FACTS", "equal_word", "facets_of", "number", "number_field", "present_word"]

FACTS = "facts"
"""The field with the list of texts."""

EVERY = "*"
"""The text of all documents."""


def facets_of(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """The fields to filter a document by."""
    words = dict.fromkeys([EVERY])
    bounds: dict[str, float] = {}
    for fact in facts_of(metadata):
        words[_digest(fact)] = None
    for path, value in _numbers(metadata):
        for largest, choose in ((True, max), (False, min)):
            field = number_field(path, largest=largest)
            bounds[field] = choose(bounds.get(field, value), value)
    return {FACTS: list(words), **bounds}


def present_word(path: tuple[str, ...]) -> str:
    """The text of documents with something at the path."""
    return _digest(present(path))


def equal_word(path: tuple[str, ...], value: Scalar) -> str:
    """The text of documents with this value at the path, or in a list there."""
    return _digest(equal(path, value))


def number_field(path: tuple[str, ...], *, largest: bool) -> str:
    """The field with the largest or the smallest number at the path."""
    return ("max" if largest else "min") + _digest(present(path))


def number(value: float) -> float:
    """The double next to a number; the largest where it is beyond all."""
    try:
        return float(value)
    except OverflowError:
        return math.copysign(sys.float_info.max, value)


def _numbers(metadata: Mapping[str, Any] | None) -> list[tuple[tuple[str, ...], float]]:
    """The numbers that a filter can name, with their paths."""
    found: list[tuple[tuple[str, ...], float]] = []
    waiting: list[tuple[tuple[str, ...], Mapping[str, Any]]] = [((), metadata or {})]
    while waiting:
        above, mapping = waiting.pop()
        for key, value in mapping.items():
            if not key or "." in key or key[0] == "$":
                continue
            path = (*above, key)
            if isinstance(value, dict):
                waiting.append((path, value))  # pyright: ignore[reportUnknownArgumentType]
                continue
            items: list[Any] = value if isinstance(value, list) else [value]
            found += [
                (path, number(item))
                for item in items
                if isinstance(item, (int, float)) and item is not True and item is not False
            ]
    return found


def _digest(text: str) -> str:
    return urlsafe_b64encode(blake2b(text.encode(), digest_size=12).digest()).decode()
