"""Upstash's filter language: parsed into a function on metadata. Knows no vectors.

A key that is not there satisfies no operator, not even a negated one; the documentation says nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from refusal import RequestError

__all__ = ["Condition", "parsed"]

Condition = Callable[[dict[str, Any]], bool]

_LONGEST = 16_384
_TOKEN = re.compile(
    r"""\s*(?:(?P<operator><=|>=|!=|=|<|>)|(?P<mark>[(),])|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))
    |'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<word>[a-zA-Z_][a-zA-Z_0-9.\[\]\#-]*))""",
    re.VERBOSE,
)
_STEP = re.compile(r"\[(\#-)?(\d+)\]")
_MISSING = object()


@lru_cache(maxsize=256)
def parsed(text: str) -> Condition:
    """The function of a filter; the empty one lets all pass."""
    if not text:
        return lambda metadata: True
    if len(text) > _LONGEST:
        raise RequestError(400, f"Filter is too long: {len(text)} characters")
    return _Parser(text).whole()


class _Parser:
    """Recursive descent: or, and, comparison."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, Any]] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                raise RequestError(400, f"Invalid filter at {text[at : at + 20]!r}")
            kind, value = found.lastgroup, found[found.lastgroup]
            self._tokens.append(("text" if kind in ("single", "double") else kind, value))
            at = found.end()
        self._at = 0

    def whole(self) -> Condition:
        condition = self._either()
        if self._at < len(self._tokens):
            raise RequestError(400, f"Invalid filter at {self._tokens[self._at][1]!r}")
        return condition

    def _either(self) -> Condition:
        parts = [self._all()]
        while self._word("OR"):
            parts.append(self._all())
        return lambda metadata: any(part(metadata) for part in parts)

    def _all(self) -> Condition:
        parts = [self._one()]
        while self._word("AND"):
            parts.append(self._one())
        return lambda metadata: all(part(metadata) for part in parts)

    def _one(self) -> Condition:
        if self._mark("("):
            inside = self._either()
            self._need(")")
            return inside
        path = _path(self._next("word"))
        negated = self._word("NOT")
        if self._word("CONTAINS"):
            wanted = self._literal()
            return lambda metadata: _among(_at(metadata, path), wanted, negated)
        if self._word("IN"):
            self._need("(")
            values = [self._literal()]
            while self._mark(","):
                values.append(self._literal())
            self._need(")")
            return lambda metadata: _is_one_of(_at(metadata, path), values, negated)
        if negated:
            raise RequestError(400, "Invalid filter after NOT")
        return _comparison(path, self._next("operator"), self._literal())

    def _literal(self) -> Any:
        kind, value = self._tokens[self._at] if self._at < len(self._tokens) else ("", "the end")
        self._at += 1
        if kind == "text":
            return value
        if kind == "number":
            return float(value)
        if kind == "word" and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise RequestError(400, f"Invalid literal in filter: {value!r}")

    def _next(self, kind: str) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != kind:
            raise RequestError(400, f"Invalid filter: expected {kind}")
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _word(self, word: str) -> bool:
        return self._taken("word", word)

    def _mark(self, mark: str) -> bool:
        return self._taken("mark", mark)

    def _taken(self, kind: str, value: str) -> bool:
        if self._at < len(self._tokens):
            its_kind, its_value = self._tokens[self._at]
            if its_kind == kind and its_value.upper() == value:
                self._at += 1
                return True
        return False

    def _need(self, mark: str) -> None:
        if not self._mark(mark):
            raise RequestError(400, f"Invalid filter: expected {mark!r}")


def _path(identifier: str) -> list[Any]:
    """Keys and places of an identifier, such as ``a.b[0]`` or ``a[#-1]``."""
    path: list[Any] = []
    for part in identifier.split("."):
        key, bracket, _ = part.partition("[")
        path.append(key)
        path += [-int(place) if back else int(place) for back, place in _STEP.findall(bracket and part[len(key) :])]
    return path


def _at(metadata: Any, path: list[Any]) -> Any:
    for step in path:
        if isinstance(metadata, dict):
            metadata = metadata.get(step, _MISSING)
        elif isinstance(metadata, list) and isinstance(step, int) and -len(metadata) <= step < len(metadata):
            metadata = metadata[step]
        else:
            return _MISSING
    return metadata


def _comparison(path: list[Any], operator: str, wanted: Any) -> Condition:
    if operator in ("=", "!="):
        return lambda metadata: _is_one_of(_at(metadata, path), [wanted], operator == "!=")
    if not isinstance(wanted, float):
        raise RequestError(400, f"Operator {operator} takes a number")

    def holds(metadata: dict[str, Any]) -> bool:
        value = _at(metadata, path)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return {"<": value < wanted, "<=": value <= wanted, ">": value > wanted, ">=": value >= wanted}[operator]

    return holds


def _is_one_of(value: Any, wanted: list[Any], negated: bool) -> bool:
    if not isinstance(value, (str, int, float)):
        return False
    return any(_same(value, one) for one in wanted) is not negated


def _among(value: Any, wanted: Any, negated: bool) -> bool:
    if not isinstance(value, list):
        return False
    there = wanted in value if isinstance(wanted, str) else any(_same(one, wanted) for one in value)
    return there is not negated


def _same(value: Any, wanted: Any) -> bool:
    """Boolean literals may also be 1 and 0."""
    if isinstance(value, bool):
        return wanted in (value, float(value))
    return value == wanted and not isinstance(wanted, bool)
