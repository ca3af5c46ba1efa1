"""JSON values in the form that SurrealDB holds; pure functions.

`stored` is for values that are only given back. `comparable` is for metadata that filters look at: equal values stay
equal and order stays order, whatever is in them. SurrealDB holds no null inside (through its SDK), no NUL in texts,
no lone surrogates, and integers of 64 bit.
"""

from __future__ import annotations

import re
from operator import is_
from typing import Any, cast

from praison_persist.jsontext import decode, encode, is_plain_text

__all__ = ["BEYOND", "NULL", "comparable", "comparable_text", "restored", "stored"]

_INT64 = 2**63
_DEEPEST = 24
_DEEPEST_COMPARABLE = 64

NULL = {"\x01null": True}
"""None, as no other value comes out of `comparable`; not a text, so that no range finds it."""

BEYOND = ("\x01\x03n", "\x01\x03p", "\x01\x03q")
"""Numbers beyond 64 bit are texts: the negative ones from the first of these to the second, then the positive ones."""

_SPECIAL = re.compile("[\x00\x01\ud800-\udfff\ue000]")


def stored(value: Any, what: str) -> Any:
    """The value itself where SurrealDB gives it back as it is; else its JSON text. None for None.

    Args:
        value: a mapping or a list, so that a text can only be the second form.
        what: the name of the argument, for the error.

    Raises:
        SerializationError: it is no JSON.
    """
    if value is None:
        return None
    text = encode(value, what)
    return value if _is_native(value, _DEEPEST) else text


def restored(value: Any) -> Any:
    """What `stored` was given."""
    return decode(value) if isinstance(value, str) else value


def _is_native(value: Any, depth: int) -> bool:
    if isinstance(value, str):
        return is_plain_text(value)
    if isinstance(value, (bool, float)):
        return True
    if isinstance(value, int):
        return -_INT64 <= value < _INT64
    if value is None or depth == 0:
        return False
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        return all(is_plain_text(key) and _is_native(item, depth - 1) for key, item in items.items())
    return all(_is_native(item, depth - 1) for item in cast("list[Any]", value))


def comparable(value: Any, depth: int = _DEEPEST_COMPARABLE) -> Any:
    """The form of a JSON value that compares as it does; the same object where it can be.

    What is nested deeper than 64 levels is left out.
    """
    if isinstance(value, str):
        return comparable_text(value)
    if isinstance(value, (int, float)):
        return value if -_INT64 <= value < _INT64 else _beyond(int(value))
    if value is None or depth == 0:
        return NULL
    if isinstance(value, dict):
        mapping = cast("dict[str, Any]", value)
        items = {comparable_text(key): comparable(item, depth - 1) for key, item in mapping.items()}
        same = all(map(is_, items, mapping)) and all(map(is_, items.values(), mapping.values()))
        return mapping if same else items
    found = [comparable(item, depth - 1) for item in value]
    return value if all(map(is_, found, value)) else found


def comparable_text(text: str) -> str:
    """Text without NUL and lone surrogates, in the order of the code points that it stands for."""
    return _SPECIAL.sub(_escape, text) if _SPECIAL.search(text) else text


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if character < "\x02":  # below everything else, and in this order
        return "\x01\x01" if character == "\x00" else "\x01\x02"
    # Between U+D7FF and U+E001, and U+E000 itself last.
    return "\ue000\x02" + chr(ord(character) - 0xD800 + 0x100) if character < "\ue000" else "\ue000\x03"


def _beyond(number: int) -> str:
    """All digits of a large number, in a text ordered as the numbers are; `comparable_text` gives none like it."""
    digits = str(abs(number))
    text = f"{len(digits):05}{digits}"
    return BEYOND[1] + text if number > 0 else BEYOND[0] + text.translate(_COMPLEMENT)


_COMPLEMENT = str.maketrans("0123456789", "9876543210")
