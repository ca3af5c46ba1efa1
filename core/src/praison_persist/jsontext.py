"""JSON text that gives back exactly what went in, or refuses before anything is written.

The one place that serializes stored values. No pickle, no default=str, no NaN.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import isfinite
from typing import Any, cast

from .errors import SerializationError

__all__ = ["check", "decode", "decode_text", "encode", "encode_text", "is_plain_text", "is_utf8", "same_json"]

_MARKER = "\x1epraison-persist/json:"

_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def encode(value: Any, what: str = "value") -> str:
    """Compact JSON text; lone surrogates are escaped, so the text is always valid UTF-8.

    Args:
        value: built from dict (string keys), list, str, int, float (finite), bool and None.
        what: the name of the argument, for the error.

    Raises:
        SerializationError: reading the text back would not give an equal value.
    """
    try:
        if _is_plain(value, _PLAIN_DEPTH):
            return _encoder.encode(value)
        text = _encoder.encode(value)
        if not is_utf8(text):
            text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
        same = same_json(json.loads(text), value)
    except (TypeError, ValueError, RecursionError) as exc:
        reason = "nested too deeply" if isinstance(exc, RecursionError) else str(exc)
        raise SerializationError(f"{what} cannot be stored as JSON: {reason}", hint=_HINT) from exc
    if not same:
        raise SerializationError(f"{what} would not come back from JSON as it went in", hint=_HINT)
    return text


def check(value: Any, what: str = "value") -> None:
    """Refuse what `encode` refuses, mostly without making the text.

    Raises:
        SerializationError: as `encode`.
    """
    if not _is_plain(value, _PLAIN_DEPTH):
        encode(value, what)


_PLAIN_DEPTH = 64
_CONSTANTS = frozenset({bool, type(None)})
_CONTAINERS = frozenset({dict, list})
_INT64 = 2**63


def _is_plain(value: Any, depth: int) -> bool:
    """Whether JSON text is known to give the value back, without a trial: exact types, UTF-8, not nested deeply."""
    if type(value) is dict:
        mapping = cast("dict[Any, Any]", value)
        for key in mapping:
            if type(key) is not str or not is_utf8(key):
                return False
        items: Iterable[Any] = mapping.values()
    elif type(value) is list:
        items = cast("list[Any]", value)
    else:
        items = (value,)
    for item in items:
        kind = cast("type[object]", type(item))
        if kind is str:
            plain = is_utf8(item)
        elif kind is int:
            plain = -_INT64 <= item < _INT64
        elif kind is float:
            plain = isfinite(item)
        else:
            plain = kind in _CONSTANTS or (kind in _CONTAINERS and depth > 0 and _is_plain(item, depth - 1))
        if not plain:
            return False
    return True


_HINT = "use dicts with string keys, lists, strings, finite numbers, booleans and None"


def decode(text: str | bytes, what: str = "value") -> Any:
    """The value of a JSON text.

    Raises:
        SerializationError: the stored text is not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise SerializationError(f"stored {what} is not valid JSON: {exc}") from exc


def encode_text(content: str | list[Any] | None, what: str = "content") -> str | None:
    """Message content as text that any engine's text column keeps: plain where possible.

    Text with NUL or lone surrogates and lists of parts become JSON behind a marker that starts with
    U+001E (record separator); text that itself starts with the marker is wrapped likewise, so `decode_text` is exact.
    """
    if content is None:
        return None
    if isinstance(content, str) and is_plain_text(content) and not content.startswith(_MARKER):
        return content
    return _MARKER + encode(content, what)


def decode_text(text: str | None) -> str | list[Any] | None:
    """The content that `encode_text` was given."""
    if text is None or not text.startswith(_MARKER):
        return text
    return cast("str | list[Any]", decode(text[len(_MARKER) :], "content"))


def is_plain_text(text: str) -> bool:
    """No NUL and no lone surrogate: every engine stores it as it is."""
    return "\x00" not in text and is_utf8(text)


def is_utf8(text: str) -> bool:
    """True when the text has no lone surrogate."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def same_json(decoded: Any, value: Any) -> bool:
    """Equality of JSON values that also tells True from 1, 1 from 1.0 and a list from a tuple."""
    if isinstance(value, bool) or isinstance(decoded, bool):
        return decoded is value
    if isinstance(value, dict):
        mapping = cast("dict[Any, Any]", value)
        if not isinstance(decoded, dict) or len(cast("dict[Any, Any]", decoded)) != len(mapping):
            return False
        other = cast("dict[Any, Any]", decoded)
        return all(key in other and same_json(other[key], item) for key, item in mapping.items())
    if isinstance(value, list):
        items, others = cast("list[Any]", value), cast("list[Any]", decoded)
        return isinstance(decoded, list) and len(others) == len(items) and all(map(same_json, others, items))
    return bool(decoded == value) and isinstance(value, float) == isinstance(decoded, float)
