"""Key patterns: one glob meaning for every state store.

``*`` any run of characters, ``?`` one character, ``[abc]`` and ``[a-z]`` one of them, ``[!abc]`` none of them.
Case counts, ``[*]`` is a literal star, and no character is special otherwise. Pure functions only.
"""

from __future__ import annotations

import fnmatch
import re

__all__ = ["compile_glob", "escape_glob", "literal_prefix"]


def compile_glob(pattern: str) -> re.Pattern[str]:
    """A regular expression for `fullmatch`, the reference meaning of the pattern."""
    return re.compile(fnmatch.translate(pattern))


def literal_prefix(pattern: str) -> str:
    """The text that every match starts with: what an engine can seek to before the pattern decides."""
    return re.split(r"[*?\[]", pattern, maxsplit=1)[0]


def escape_glob(text: str) -> str:
    """A pattern that matches exactly this text."""
    return re.sub(r"([*?\[])", r"[\1]", text)
