"""The query language as far as stores use it: tags, words, negation, alternatives, parentheses.

Strict: what it does not know is a syntax error, as on the real engines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

__all__ = ["Document", "Predicate", "QuerySyntaxError", "compile_query", "words_of"]

Document = Mapping[bytes, bytes]
Predicate = Callable[[Document], bool]

_TAG = re.compile(r"@(\w+):\{([^{}]+)\}")
_WORDS = re.compile(r"@(\w+):\(([\w|]+)\)")


class QuerySyntaxError(Exception):
    """The query is not one."""


def compile_query(text: str, kinds: Mapping[str, str]) -> Predicate:
    """Whether a document satisfies the query; ``kinds`` are the types of the fields by name."""
    parser = _Parser(text, kinds)
    found = parser.alternatives()
    if parser.rest:
        raise QuerySyntaxError(f"Syntax error near {parser.rest[:20]}")
    return found


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return re.findall(r"\w+", text.lower())


class _Parser:
    def __init__(self, text: str, kinds: Mapping[str, str]) -> None:
        self.rest = text.strip()
        self._kinds = kinds

    def alternatives(self) -> Predicate:
        parts = [self._conjunction()]
        while self.rest.startswith("|"):
            self._skip(1)
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda document: any(part(document) for part in parts)

    def _conjunction(self) -> Predicate:
        parts: list[Predicate] = []
        while self.rest and self.rest[0] not in ")|":
            parts.append(self._term())
        if not parts:
            raise QuerySyntaxError("Syntax error: nothing to look for")
        return parts[0] if len(parts) == 1 else lambda document: all(part(document) for part in parts)

    def _term(self) -> Predicate:
        if self.rest.startswith("-"):
            self._skip(1)
            inner = self._term()
            return lambda document: not inner(document)
        if self.rest.startswith("*"):
            self._skip(1)
            return lambda _: True
        if self.rest.startswith("("):
            self._skip(1)
            inner = self.alternatives()
            if not self.rest.startswith(")"):
                raise QuerySyntaxError("Syntax error: a parenthesis is not closed")
            self._skip(1)
            return inner
        for pattern, kind, make in ((_TAG, "TAG", _has_tag), (_WORDS, "TEXT", _has_word)):
            if match := pattern.match(self.rest):
                if self._kinds.get(match[1]) != kind:
                    raise QuerySyntaxError(f"Unknown field at offset 0 near {match[1]}")
                self._skip(match.end())
                return make(match[1].encode(), match[2].split("|"))
        raise QuerySyntaxError(f"Syntax error near {self.rest[:20]}")

    def _skip(self, length: int) -> None:
        self.rest = self.rest[length:].lstrip()


def _has_tag(field: bytes, wanted: list[str]) -> Predicate:
    tags = {tag.strip().lower().encode() for tag in wanted}
    return lambda document: not tags.isdisjoint(document.get(field, b"").lower().split(b","))


def _has_word(field: bytes, wanted: list[str]) -> Predicate:
    words = {word.lower() for word in wanted}
    return lambda document: not words.isdisjoint(words_of(document.get(field, b"").decode()))
