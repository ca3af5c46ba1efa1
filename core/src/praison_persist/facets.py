"""Metadata for engines that filter by lists of texts and by numbers: a list of digests, and bounds at each path.

Each fact of `praison_persist.facts` is a text, as a digest: that there is something at a path, and each scalar there.
The smallest and the largest number at a path are two number fields, so that ranges over numbers are exact: one of
several numbers is greater than a bound when the largest is. Pure functions, no engine.
"""

from __future__ import annotations

import struct
import sys
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from .facts import equal, facts_of, present
from .filters import Scalar

__all__ = ["EVERY", "FACTS", "equal_word", "facets_of", "number", "number_field", "present_word"]

FACTS = "facts"
"""The field with the list of texts."""

EVERY = "*"
"""The text of all documents."""

_END = "\x01\x03"  # of the path in a fact


def facets_of(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """The fields to filter a document by."""
    words = dict.fromkeys([EVERY])
    bounds: dict[str, float] = {}
    for fact in facts_of(metadata):
        words[_digest(fact)] = None
        path, _, form = fact.rpartition(_END)
        if form.startswith("n"):
            value = _double(form)
            for name, choose in (("max", max), ("min", min)):
                field = name + _digest(path)
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
    return ("max" if largest else "min") + _digest(equal(path, 0).rpartition(_END)[0])


def number(value: float) -> float:
    """The double next to a number; the largest where it is beyond all."""
    return _double(equal((), value).rpartition(_END)[2])


def _double(form: str) -> float:
    """The double in a number's part of a fact, which is its bits in the order of numbers."""
    bits = int(form[1:17], 16)
    bits ^= 1 << 63 if bits >> 63 else 0xFFFF_FFFF_FFFF_FFFF
    value: float = struct.unpack(">d", struct.pack(">Q", bits))[0]
    return min(max(value, -sys.float_info.max), sys.float_info.max)


def _digest(text: str) -> str:
    return urlsafe_b64encode(blake2b(text.encode(), digest_size=12).digest()).decode()
