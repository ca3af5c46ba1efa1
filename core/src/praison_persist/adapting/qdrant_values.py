"""The form of metadata that Qdrant holds and compares: what is stored there, and what filters ask for. Pure functions.

Nearly all metadata is that form already. Where it is not, the exact metadata is kept as text beside it.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable
from decimal import Decimal
from operator import is_
from typing import Any, cast

from ..jsontext import encode_text

__all__ = [
    "EXACT_INTEGERS",
    "comparable",
    "comparable_key",
    "comparable_number",
    "comparable_text",
    "is_comparable_path",
]

EXACT_INTEGERS = 2**53
"""From here on a double does not hold every integer."""

_INT64 = 2**63
_PLAIN = re.compile(r"[ -~]*")
_UNQUOTABLE = re.compile(r'["\\\x1f]')
_ESCAPES = {"\x1f": "\x1f1", '"': "\x1f2", "\\": "\x1f3"}


def comparable(value: Any) -> Any:
    """The form of a JSON value; the same object where it can be.

    - text and keys with NUL or a lone surrogate become JSON text (`encode_text`); keys lose quotes, too;
    - numbers: `comparable_number`;
    - ``[]`` becomes ``{}``: neither has an element, but Qdrant takes a field with ``[]`` for an absent one.
    """
    if isinstance(value, str):
        return comparable_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return comparable_number(value)
    if isinstance(value, dict):
        return _mapping(cast("dict[str, Any]", value))
    items: list[Any] = [comparable(item) for item in value]
    return (value if all(map(is_, items, value)) else items) or {}


def _mapping(value: dict[str, Any]) -> dict[str, Any]:
    items = {comparable_key(key): comparable(item) for key, item in value.items()}
    same = all(map(is_, items.values(), value.values())) and all(map(is_, items, value))
    return value if same else items


def comparable_text(text: str) -> str:
    """Text that can be sent as JSON."""
    return text if _PLAIN.fullmatch(text) else cast(str, encode_text(text))


def comparable_key(key: str) -> str:
    """A key that can stand between quotes in a path of Qdrant, which knows no escapes there."""
    text = comparable_text(key)
    return _UNQUOTABLE.sub(lambda match: _ESCAPES[match[0]], text) if _UNQUOTABLE.search(text) else text


def is_comparable_path(path: Iterable[str]) -> bool:
    """Whether the keys are in that form as they are, so that those of somebody else's payload can be named, too."""
    return all(comparable_key(key) == key for key in path)


def comparable_number(number: float) -> float:
    """A number that Qdrant gives back as it is, and that compares as before with all that a filter may ask for.

    - An integer within 64 bit is itself, and an integral float from 2**53 on becomes that integer.
    - A larger integer becomes the float that it equals; without one, the largest float, which no filter asks for
      (nor for a range beyond 2**53).
    - A float that Qdrant's JSON parser would misread becomes the next one towards zero that it reads exactly. That
      befalls one in ten floats of 17 digits, none of up to 15, and moves mostly by one unit in the last place: two
      floats that only differ there may count as equal.
    """
    if isinstance(number, int):
        return number if -_INT64 <= number < _INT64 else _beyond(number)
    if EXACT_INTEGERS <= abs(number) < _INT64:
        return int(number)
    text = repr(number)
    if len(text) <= 16 and "e" not in text:  # at most 15 digits
        return number
    while _as_parsed(number) != number:
        number = math.nextafter(number, 0.0)
    return number


def _beyond(number: int) -> float:
    largest = sys.float_info.max if number > 0 else -sys.float_info.max
    try:
        equal = float(number)
    except OverflowError:
        return largest
    return comparable_number(equal) if equal == number else largest


def _as_parsed(number: float) -> float:
    """What Rust's serde_json reads from the digits of a float: digits times a power of ten, both as doubles.

    Qdrant builds it without its ``float_roundtrip``, and its payload storage reads JSON for every answer.
    """
    sign, digits, exponent = Decimal(repr(number)).as_tuple()
    value, power = float(int("".join(map(str, digits)))), int(exponent)
    while power < -308 and value:
        value, power = value / 1e308, power + 308
    value = value * float(f"1e{power}") if power >= 0 else value / float(f"1e{-power}")
    return -value if sign else value
