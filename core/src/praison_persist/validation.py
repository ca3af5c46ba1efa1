"""Checks of names, ids, numbers and vectors, once for every backend. Pure: no I/O, no backend knowledge.

Every check returns the value it accepted or raises `InvalidInputError`, so that nothing has been written yet.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

from .errors import DimensionMismatchError, InvalidInputError
from .jsontext import is_plain_text

__all__ = [
    "MAX_DIMENSION",
    "MAX_DOCUMENT_ID",
    "MAX_ID",
    "MAX_KEY",
    "check_batch_size",
    "check_bool",
    "check_dimension",
    "check_document_id",
    "check_field",
    "check_id",
    "check_identifier",
    "check_key",
    "check_limit",
    "check_list",
    "check_number",
    "check_offset",
    "check_optional_id",
    "check_positive",
    "check_ttl",
    "check_vector",
    "is_identifier",
]

MAX_ID = 255
"""Characters in a session id, message id, user id, agent id or name (the VARCHAR(255) of PraisonAI's tables)."""

MAX_DOCUMENT_ID = 512
"""Characters in a knowledge document's id."""

MAX_KEY = 1024
"""UTF-8 bytes in a state key (DynamoDB, GCS and Firestore allow little more)."""

MAX_DIMENSION = 65536

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FLOAT32_MAX = 3.4028234663852886e38


def check_id(value: Any, what: str, *, longest: int = MAX_ID) -> str:
    """A non-empty id, kept exactly: case, spaces and punctuation count."""
    if not isinstance(value, str):
        raise InvalidInputError(f"{what} must be a string, not {type(value).__name__}")
    if not value:
        raise InvalidInputError(f"{what} must not be empty")
    if len(value) > longest:
        raise InvalidInputError(f"{what} has {len(value)} characters; at most {longest} are kept")
    if not is_plain_text(value):
        raise InvalidInputError(f"{what} contains NUL or a lone surrogate")
    return value


def check_optional_id(value: Any, what: str, *, longest: int = MAX_ID) -> str | None:
    """None, or a string up to ``longest`` characters; unlike `check_id`, it may be empty."""
    return None if value is None else value if value == "" else check_id(value, what, longest=longest)


def check_document_id(value: Any) -> str:
    """A knowledge document's id."""
    return check_id(value, "document id", longest=MAX_DOCUMENT_ID)


def check_key(value: Any, what: str = "key") -> str:
    """A state key: non-empty text of at most `MAX_KEY` bytes, without NUL, U+001F or lone surrogates."""
    if type(value) is str and value.isascii() and value.isprintable() and 0 < len(value) <= MAX_KEY:
        return value  # nearly every key; the rest decides about the others
    if "\x1f" in check_field(value, what):
        raise InvalidInputError(f"{what} contains U+001F, which separates namespaces")
    return value


def check_field(value: Any, what: str = "field") -> str:
    """A field of a hash: non-empty text of at most `MAX_KEY` bytes, without NUL or lone surrogates."""
    size = len(check_id(value, what, longest=MAX_KEY).encode())
    if size > MAX_KEY:
        raise InvalidInputError(f"{what} has {size} bytes; at most {MAX_KEY} are kept")
    return value


def is_identifier(value: Any, *, longest: int = 63) -> bool:
    """Whether `check_identifier` takes it, so that a collection may be called so; others belong to somebody else."""
    return isinstance(value, str) and _IDENTIFIER.fullmatch(value) is not None and len(value) <= longest


def check_identifier(value: Any, what: str, *, empty: bool = False, longest: int = 63) -> str:
    """A name that becomes part of the engine's schema (table prefix, schema, collection)."""
    if empty and value == "":
        return ""
    if not is_identifier(value, longest=longest):
        raise InvalidInputError(
            f"{what} {value!r} is not a valid name",
            hint=f"letters, digits and underscore, not starting with a digit, at most {longest} characters",
        )
    return value


def check_limit(value: Any, what: str = "limit") -> int | None:
    """None (no limit) or an integer of at least 0."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidInputError(f"{what} must be None or an integer of at least 0, got {value!r}")
    return value


def check_offset(value: Any) -> int:
    """How many to skip: an integer of at least 0."""
    if check_limit(value, "offset") is None:
        raise InvalidInputError("offset must be an integer of at least 0, got None")
    return value


def check_batch_size(value: Any) -> int:
    """A page size: an integer of at least 1."""
    if not check_limit(value, "batch_size"):
        raise InvalidInputError(f"batch_size must be an integer of at least 1, got {value!r}")
    return value


def check_list(value: Any, what: str) -> list[Any]:
    """The items of any iterable but text, which would be read as its characters."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise InvalidInputError(f"{what} must be a list, not {type(value).__name__}")
    return list(cast("Iterable[Any]", value))


def check_number(value: Any, what: str) -> float:
    """A finite number (an integer stays one)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidInputError(f"{what} must be a finite number, got {value!r}")
    return value


def check_positive(value: Any, what: str) -> float:
    """A finite number above 0."""
    if check_number(value, what) <= 0:
        raise InvalidInputError(f"{what} must be greater than 0, got {value!r}")
    return value


def check_bool(value: Any, what: str) -> bool:
    """True or False, nothing that is merely truthy."""
    if not isinstance(value, bool):
        raise InvalidInputError(f"{what} must be True or False, got {value!r}")
    return value


def check_ttl(value: Any) -> float | None:
    """Seconds to live: None (for ever) or a number greater than 0, at most a century."""
    if value is None:
        return None
    if check_positive(value, "ttl") > 3_155_760_000:
        raise InvalidInputError(f"ttl of {value!r} seconds is more than a century", hint="use ttl=None")
    return value


def check_dimension(value: Any) -> int:
    """A collection's dimension: 1 to `MAX_DIMENSION`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_DIMENSION:
        raise InvalidInputError(f"dimension must be an integer from 1 to {MAX_DIMENSION}, got {value!r}")
    return value


def check_vector(value: Any, dimension: int, *, cosine: bool, what: str = "embedding") -> list[float]:
    """The vector as a list of floats.

    Args:
        value: a sequence (or array with ``tolist``) of ``dimension`` finite numbers within float32's range.
        cosine: refuse a zero vector, which has no direction.

    Raises:
        DimensionMismatchError: wrong length.
        InvalidInputError: not a sequence of finite numbers, or zero under cosine.
    """
    tolist = getattr(value, "tolist", None)
    raw: Any = tolist() if callable(tolist) else value
    if isinstance(raw, (str, bytes)) or not isinstance(raw, Sequence):
        raise InvalidInputError(f"{what} must be a sequence of numbers, not {type(value).__name__}")
    numbers = cast("Sequence[Any]", raw)
    if len(numbers) != dimension:
        raise DimensionMismatchError(
            f"{what} has {len(numbers)} numbers, the collection has dimension {dimension}",
            hint="use the embedding model that the collection was created for, or create another collection",
        )
    try:
        kinds = list(map(type, numbers))
        plain = kinds.count(float) == dimension
        vector = list(numbers) if plain else [float(number) for number in numbers]
        length = math.hypot(*vector)  # NaN if one is NaN, and at least as large as the largest
        finite = length <= _FLOAT32_MAX or all(abs(number) <= _FLOAT32_MAX for number in vector)
    except (TypeError, ValueError) as exc:
        raise InvalidInputError(f"{what} must hold numbers only: {exc}") from exc
    if not finite or (not plain and any(issubclass(kind, (str, bool)) for kind in set(kinds))):
        raise InvalidInputError(f"{what} must hold finite numbers within the range of float32")
    if cosine and length == 0.0:
        raise InvalidInputError(f"{what} is a zero vector, which cosine distance cannot compare")
    return vector
