"""Filters for engines that search sorted or unsorted lists of strings: metadata as facts, conditions as facts.

Each present path is a fact, and each scalar at a path; a fact sorts as its value does, so that ranges are exact as
well, also over numbers that no double holds. Engines must compare strings by code point, as UTF-8 bytes do. Pure
functions, no engine.
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import isinf
from typing import Any, NamedTuple, cast

from .filters import Comparison, Scalar

__all__ = ["Span", "double_of", "equal", "facts_of", "number_of", "ordered_text", "present", "span"]

_SPECIAL = re.compile("[\x00\x01\ud7ff-\udfff]")
_END = "\x01\x03"  # no escaped path holds it
_BITS, _DOUBLE = struct.Struct(">Q"), struct.Struct(">d")
_SWAPPED = str.maketrans("0123456789abcdef", "fedcba9876543210")


class Span(NamedTuple):
    """The facts from ``low`` to ``high``; ``above`` and ``below`` leave out these ends themselves."""

    low: str
    above: bool
    high: str
    below: bool


def facts_of(metadata: Mapping[str, Any] | None) -> list[str]:
    """The facts of a document, without repetition, in the order of the metadata; plain text, never empty."""
    return list(dict.fromkeys(_walk(metadata))) if metadata else []


def present(path: tuple[str, ...]) -> str:
    """The fact that there is something at the path."""
    return f"{_start(path)}e"


def equal(path: tuple[str, ...], value: Scalar) -> str:
    """The fact that this value, or one that equals it, is at the path or in a list there."""
    return _start(path) + _form(value)


def number_of(fact: str) -> tuple[str, int] | None:
    """The path of a fact about a number, as text, and the double next to the number, as 64 bits in its order.

    None for every other fact.
    """
    path, _, form = fact.rpartition(_END)
    return (path, int(form[1:17], 16)) if form.startswith("n") else None


def double_of(bits: int) -> float:
    """The double with these 64 bits in its order; for infinity, which few engines take, the last one before it."""
    bits ^= 1 << 63 if bits >> 63 else 0xFFFF_FFFF_FFFF_FFFF
    value: float = _DOUBLE.unpack(_BITS.pack(bits))[0]
    return min(max(value, -sys.float_info.max), sys.float_info.max)


def span(condition: Comparison) -> Span:
    """The facts that satisfy a range; any of them will do."""
    start, bound = _start(condition.path), _form(condition.value)
    if condition.op in ("gt", "gte"):
        return Span(start + bound, condition.op == "gt", start + chr(ord(bound[0]) + 1), True)
    return Span(start + bound[0], False, start + bound, condition.op == "lt")


def ordered_text(text: str) -> str:
    """Text without NUL and surrogates, in the same order as before; the same object for nearly every text.

    NUL and U+0001 become two characters that start with U+0001; U+D7FF, which is unassigned, and the surrogates behind
    it become two that start with U+D7FF.
    """
    return text if text.isprintable() or not _SPECIAL.search(text) else _SPECIAL.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\x01{chr(code + 1)}" if code <= 1 else f"\ud7ff{chr(code - 0xD7FF + 1)}"


def _walk(metadata: Mapping[str, Any]) -> Iterator[str]:
    waiting: list[tuple[str, Mapping[str, Any]]] = [("", metadata)]
    while waiting:
        above, mapping = waiting.pop()
        for key, value in mapping.items():
            path = _path(above, key)
            if path is None:
                continue  # no filter can name it
            start = path + _END
            yield start + "e"
            if isinstance(value, dict):
                waiting.append((f"{path}.", cast("dict[str, Any]", value)))
                continue
            for item in cast("list[Any]", value) if isinstance(value, list) else (value,):
                if not isinstance(item, (dict, list)):
                    yield start + _form(item)


@lru_cache(1024)  # documents of a collection have the same paths
def _path(above: str, key: str) -> str | None:
    return None if not key or "." in key or key[0] == "$" else above + ordered_text(key)


def _start(path: tuple[str, ...]) -> str:
    return ".".join(map(ordered_text, path)) + _END


def _form(value: Scalar) -> str:
    """Text that starts with the class of the value and sorts within it as the value does."""
    if value is None:
        return "c-"
    if isinstance(value, bool):
        return "c1" if value else "c0"
    return f"t{ordered_text(value)}" if isinstance(value, str) else f"n{_ordered_number(value)}"


def _ordered_number(number: float) -> str:
    """The double next to a number, as hexadecimal digits in its order, then how far the number is from it."""
    try:
        nearest = float(number)
    except OverflowError:
        nearest = float("inf") if number > 0 else float("-inf")
    bits: int = _BITS.unpack(_DOUBLE.pack(nearest + 0.0))[0]
    bits ^= 0xFFFF_FFFF_FFFF_FFFF if bits >> 63 else 1 << 63
    rest = 0
    if isinstance(number, int) and number != nearest:
        rest = int(number) - (0 if isinf(nearest) else int(nearest))
    return f"{bits:016x}{_ordered_integer(rest)}"


def _ordered_integer(number: int) -> str:
    """An integer of any size: ``m`` for 0, greater ones behind and smaller ones before it."""
    if number == 0:
        return "m"
    digits = f"{abs(number):x}"
    text = f"{len(digits):06x}{digits}"
    return f"p{text}" if number > 0 else f"l{text.translate(_SWAPPED)}"
