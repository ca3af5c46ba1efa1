"""Metadata as words, for an engine that finds lists of texts by one of them, or by the beginning of one.

Pure functions. Each fact of `praison_persist.facts` is a word, as a digest: that there is something at a path, and
each scalar there. A number is a second word, which begins with its path's digest and ends with its 64 bits in the
order of numbers, so that a range is a few beginnings.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from praison_persist.facts import equal, facts_of, number_of, present
from praison_persist.filters import Comparison

__all__ = ["EVERY", "beginnings", "equal_word", "present_word", "words_of"]

EVERY = "every"
"""The word of all documents."""

_EXACT = 2**53


def words_of(metadata: Mapping[str, Any] | None) -> list[str]:
    """The words of a document, without repetition."""
    words: list[str] = [EVERY]
    for fact in facts_of(metadata):
        words.append(_digest(fact))
        if (number := number_of(fact)) is not None:
            path, bits = number
            words.append(f"{_digest(path)} {bits:064b}")
    return list(dict.fromkeys(words))


def present_word(path: tuple[str, ...]) -> str:
    """The word of documents with something at the path."""
    return _digest(present(path))


def equal_word(path: tuple[str, ...], value: Any) -> str:
    """The word of documents with this value at the path, or in a list there."""
    return _digest(equal(path, value))


def beginnings(condition: Comparison) -> tuple[list[str], bool]:
    """Beginnings of words of which every document that satisfies a range over numbers has one; whether no other has.

    Numbers are told apart as doubles, which is exact for bounds within 2**53.
    """
    bound = number_of(equal(condition.path, condition.value))
    assert bound is not None  # noqa: S101 - a range over numbers
    path, number = bound
    exact = abs(condition.value) < _EXACT if isinstance(condition.value, (int, float)) else False
    op = condition.op if exact else condition.op[:2] + "e"
    up = op.startswith("g")
    if not op.endswith("e"):
        number += 1 if up else -1
    # All that is larger has at one place a 1 for a 0 and is equal before; what ends in zeros has all behind it.
    low, high = ("0", "1") if up else ("1", "0")
    shared = f"{number:064b}".rstrip(low)
    places = [shared, *(shared[:i] + high for i, bit in enumerate(shared) if bit == low)]
    return [f"{_digest(path)} {place}" for place in places], exact


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=12).hexdigest()
