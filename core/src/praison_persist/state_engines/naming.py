"""Keys and their names in the engine: a store's prefix, its namespaces, and characters a name cannot have. No I/O."""

from __future__ import annotations

import re
from copy import copy
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from ..errors import InvalidInputError
from ..jsontext import is_plain_text
from ..state import NAMESPACE_SEPARATOR, namespace_prefix
from ..validation import check_key

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Named", "check_text", "escape", "is_storable", "unescape"]


class Named:
    """Operations below a prefix.

    Attributes:
        prefix: what the names of this store's keys start with, namespaces included.
    """

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix

    def namespace(self, name: str) -> Self:
        """The same operations inside a namespace."""
        inner = copy(self)
        inner.prefix = namespace_prefix(self.prefix, name)
        return inner

    def name_of(self, key: str) -> str:
        """The name of a key in the engine.

        Raises:
            InvalidInputError: not a key.
        """
        return self.prefix + check_key(key)

    def key_of(self, name: str) -> str | None:
        """The key of a name; None where it is not of this namespace."""
        if not name.startswith(self.prefix):
            return None
        key = name[len(self.prefix) :]
        return None if NAMESPACE_SEPARATOR in key or not key else key


def check_text(value: Any, what: str) -> str:
    """A string.

    Raises:
        InvalidInputError: anything else.
    """
    if not isinstance(value, str):
        raise InvalidInputError(f"{what} must be a string, not {type(value).__name__}")
    return value


def is_storable(prefix: str) -> bool:
    """Whether any key can start with this text."""
    return is_plain_text(prefix) and NAMESPACE_SEPARATOR not in prefix


def escape(text: str, also: str = "") -> str:
    """The text without control characters, for names that may have none; ``%`` and those in ``also`` are escaped too.

    What starts with a text is escaped to what starts with the escaped text.
    """
    return re.sub(rf"[%\x00-\x1f\x7f-\x9f{re.escape(also)}]", lambda found: quote(found[0], safe=""), text)


def unescape(name: str) -> str:
    """What was escaped."""
    return unquote(name, errors="surrogateescape")
