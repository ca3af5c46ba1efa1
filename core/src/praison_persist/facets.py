"""Metadata for engines that filter by lists of texts and by numbers: a list of digests, and bounds at each path.

Each fact of `praison_persist.facts` is a text, as a digest: that there is something at a path, and each scalar there.
The smallest and the largest number at a path are two number fields, so that ranges over numbers are exact: one of
several numbers is greater than a bound when the largest is. Where an engine reads long lists slowly, the scalars of
each path are also a list of their own. Pure functions, no engine.
"""

from __future__ import annotations

import struct
import sys
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple, Union

from .facts import equal, facts_of, present
from .filters import Comparison, Exists, In, Scalar

__all__ = ["EVERY", "FACTS", "Bound", "bound_of", "facets_of", "list_of", "present_word", "words_of"]

FACTS = "facts"
"""The field with the list of texts."""

EVERY = "*"
"""The text of all documents."""

_EXACT = 2**53  # a double that is smaller is next to no other integer
_END = "\x01\x03"  # of the path in a fact


def facets_of(metadata: Mapping[str, Any] | None, *, lists: bool = False) -> dict[str, Any]:
    """The fields to filter a document by.

    Args:
        metadata: of the document.
        lists: with those that `list_of` names.
    """
    words = [EVERY]
    fields: dict[str, Any] = {}
    for fact in facts_of(metadata):
        word = _digest(fact)
        words.append(word)
        path, _, form = fact.rpartition(_END)
        if lists and form != "e":
            fields.setdefault("in" + _place(path), []).append(word)
        if form.startswith("n"):
            value = _double(form)
            for name, choose in (("max", max), ("min", min)):
                field = name + _place(path)
                fields[field] = choose(fields.get(field, value), value)
    return {FACTS: words, **fields}


def list_of(path: tuple[str, ...]) -> str:
    """The field with the texts of the scalars at the path, for conditions that need no other; missing without any."""
    return "in" + _place(present(path).rpartition(_END)[0])


def present_word(path: tuple[str, ...]) -> str:
    """The text of documents with something at the path."""
    return _digest(present(path))


def words_of(node: Union[Comparison, In, Exists]) -> list[str]:
    """The texts of which every document that satisfies this equality, ``$in`` or ``$exists`` has one, and no other."""
    if isinstance(node, Exists):
        return [present_word(node.path)]
    values: tuple[Scalar, ...] = node.values if isinstance(node, In) else (node.value,)
    return list(dict.fromkeys(_digest(equal(node.path, value)) for value in values))


class Bound(NamedTuple):
    """A range as a comparison of one number field.

    Attributes:
        field: with the largest or the smallest number at the path.
        op: ``gt``, ``gte``, ``lt`` or ``lte``.
        value: to compare the field with.
        exact: only documents that satisfy the range satisfy this; all of them do in any case.
    """

    field: str
    op: str
    value: float
    exact: bool


def bound_of(node: Comparison) -> Bound | None:
    """The comparison for a range over numbers; None for one over texts, where `present_word` is all that is known."""
    if isinstance(node.value, str) or node.value is None:
        return None
    exact = abs(node.value) < _EXACT
    op = node.op if exact else node.op[:2] + "e"
    path, _, form = equal(node.path, node.value).rpartition(_END)
    return Bound(("max" if op.startswith("g") else "min") + _place(path), op, _double(form), exact)


def _double(form: str) -> float:
    """The double in a number's part of a fact, which is its bits in the order of numbers."""
    bits = int(form[1:17], 16)
    bits ^= 1 << 63 if bits >> 63 else 0xFFFF_FFFF_FFFF_FFFF
    value: float = struct.unpack(">d", struct.pack(">Q", bits))[0]
    return min(max(value, -sys.float_info.max), sys.float_info.max)


def _digest(text: str) -> str:
    return urlsafe_b64encode(blake2b(text.encode(), digest_size=12).digest()).decode()


_place = lru_cache(1024)(_digest)  # documents of a collection have the same paths
