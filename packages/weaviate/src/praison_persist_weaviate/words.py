"""Metadata as words, for an engine that finds lists of texts by one of them, or by the beginning of one.

Pure functions. Each fact of `praison_persist.facts` is a word, as a digest: that there is something at a path, and
each scalar there. A number is a second word, which begins with its path's digest and ends with its 64 bits in the
order of numbers, so that a range is a few beginnings. It is also in one of a few lists of numbers, each for many paths,
where a range is found in a fraction of the time, with documents that have such a number elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from praison_persist.facts import double_of, equal, facts_of, number_of, present
from praison_persist.filters import Comparison

__all__ = ["EVERY", "LISTS", "beginnings", "equal_word", "list_bound", "numbers_of", "present_word", "words_of"]

EVERY = "every"
"""The word of all documents."""

LISTS = tuple(f"numbers{place}" for place in range(16))
"""The lists of numbers."""

_EXACT = 2**53


def words_of(metadata: Mapping[str, Any] | None) -> list[str]:
    """The words of a document, without repetition."""
    words: list[str] = [EVERY]
    for fact in facts_of(metadata):
        words.append(_digest(fact))
        if (number := number_of(fact)) is not None:
            path, bits = number
            words.append(f"{_known(path)} {bits:064b}")
    return list(dict.fromkeys(words))


def numbers_of(words: Iterable[str]) -> dict[str, list[float]]:
    """The lists of a document with these words."""
    found: dict[str, list[float]] = {}
    for word in words:
        place, _, bits = word.partition(" ")
        if bits:
            found.setdefault(_list(place), []).append(double_of(int(bits, 2)))
    return found


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
    place, op, number, exact = _bound(condition)
    up = op.startswith("g")
    if not op.endswith("e"):
        number += 1 if up else -1
    # All that is larger has at one place a 1 for a 0 and is equal before; what ends in zeros has all behind it.
    low, high = ("0", "1") if up else ("1", "0")
    shared = f"{number:064b}".rstrip(low)
    ends = [shared, *(shared[:i] + high for i, bit in enumerate(shared) if bit == low)]
    return [f"{place} {end}" for end in ends], exact


def list_bound(condition: Comparison) -> tuple[str, str, float]:
    """A list, operator and number: every document that satisfies a range over numbers has such a one in that list."""
    place, op, number, _ = _bound(condition)
    return _list(place), op, double_of(number)


def _bound(condition: Comparison) -> tuple[str, str, int, bool]:
    bound = number_of(equal(condition.path, condition.value))
    assert bound is not None  # noqa: S101 - a range over numbers
    path, number = bound
    exact = abs(condition.value) < _EXACT if isinstance(condition.value, (int, float)) else False
    return _known(path), condition.op if exact else condition.op[:2] + "e", number, exact


def _list(place: str) -> str:
    return LISTS[int(place[:8], 16) % len(LISTS)]


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=12).hexdigest()


_known = lru_cache(1024)(_digest)  # of paths, which are the same in all documents of a collection
