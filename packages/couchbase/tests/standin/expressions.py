"""Expressions of SQL++: from text to a tree, and their values. What MISSING and NULL do is as in Couchbase's manual."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from refusal import QueryRefusedError

__all__ = ["MISSING", "Expression", "Scope", "Words", "collated", "expression"]


class _Missing:
    """The value of what is not there."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()

_WORD = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<quoted>`[^`]+`)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<parameter>\$[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign><=|>=|!=|<>|==|\|\||[=<>()\[\]{},.:*+\-/]))""",
    re.VERBOSE,
)


@dataclass
class Scope:
    """What names mean where an expression is evaluated.

    Attributes:
        names: variables; bytes are those of a document, and an item of SELECT is its expression: read when needed.
        keys: document key and CAS by alias, for ``META``.
        parameters: those of the request.
    """

    names: dict[str, Any]
    keys: dict[str, tuple[str, int]]
    parameters: dict[str, Any]


Expression = Callable[[Scope], Any]


class Words:
    """The words of a statement, read one after another."""

    def __init__(self, text: str) -> None:
        self._words: list[tuple[str, str]] = []
        place, text = 0, text.rstrip().rstrip(";").rstrip()
        while place < len(text):
            found = _WORD.match(text, place)
            if found is None or found.lastgroup is None:
                raise QueryRefusedError(3000, f"syntax error - at: {text[place : place + 20]}")
            self._words.append((found.lastgroup, found[found.lastgroup]))
            place = found.end()
        self._place = 0

    def peek(self) -> str:
        """The next word, keywords in capitals; empty at the end."""
        if self._place == len(self._words):
            return ""
        kind, word = self._words[self._place]
        return word.upper() if kind == "name" else word

    def take(self, *words: str) -> bool:
        """Whether these words come next; they are read then."""
        begin = self._place
        for word in words:
            if self.peek() != word:
                self._place = begin
                return False
            self._place += 1
        return True

    def need(self, *words: str) -> None:
        """Read these words."""
        if not self.take(*words):
            raise QueryRefusedError(3000, f"syntax error - near: {self.peek()!r}, expected {' '.join(words)}")

    def next(self) -> tuple[str, str]:
        """Kind and text of the next word."""
        if self._place == len(self._words):
            raise QueryRefusedError(3000, "syntax error - the statement ends too early")
        self._place += 1
        return self._words[self._place - 1]

    def name(self) -> str:
        """The next word, a name."""
        kind, word = self.next()
        if kind not in ("name", "quoted"):
            raise QueryRefusedError(3000, f"syntax error - {word!r} is no name")
        return word.strip("`")


def expression(words: Words) -> Expression:
    """Read an expression."""
    left = _conjunction(words)
    while words.take("OR"):
        left = _either(left, _conjunction(words))
    return left


def collated(value: Any) -> tuple[int, Any]:
    """What values are sorted by: MISSING, NULL, False, True, numbers, texts, then the rest."""
    if value is MISSING:
        return 0, 0
    if value is None:
        return 1, 0
    if isinstance(value, bool):
        return 2 + value, 0
    if isinstance(value, (int, float)):
        return 4, value
    return (5, value) if isinstance(value, str) else (6, json.dumps(value))


def _either(left: Expression, right: Expression) -> Expression:
    def value(scope: Scope) -> Any:
        one = left(scope)
        if one is True:
            return True
        other = right(scope)
        if other is True:
            return True
        return _unknown(one, other, False)

    return value


def _both(left: Expression, right: Expression) -> Expression:
    def value(scope: Scope) -> Any:
        one = left(scope)
        if one is False:
            return False
        other = right(scope)
        if other is False:
            return False
        return _unknown(one, other, True)

    return value


def _unknown(one: Any, other: Any, known: Any) -> Any:
    """MISSING or NULL where an operand is; else what is known."""
    if one is MISSING or other is MISSING:
        return MISSING
    return None if one is None or other is None else known


def _conjunction(words: Words) -> Expression:
    left = _negation(words)
    while words.take("AND"):
        left = _both(left, _negation(words))
    return left


def _negation(words: Words) -> Expression:
    if words.take("NOT"):
        operand = _negation(words)
        return lambda scope: _not(operand(scope))
    return _comparison(words)


def _not(value: Any) -> Any:
    return value if value is MISSING or value is None else not value


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<>": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def _comparison(words: Words) -> Expression:
    left = _sum(words)
    if words.peek() in _ORDER:
        compare, right = _ORDER[words.next()[1]], _sum(words)
        return lambda scope: _compared(compare, left(scope), right(scope))
    negated = words.take("NOT")
    if words.take("IN"):
        right = _sum(words)
        found: Expression = lambda scope: _in(left(scope), right(scope))  # noqa: E731
    elif words.take("LIKE"):
        right = _sum(words)
        found = lambda scope: _like(left(scope), right(scope))  # noqa: E731
    elif negated:
        raise QueryRefusedError(3000, f"syntax error - near: {words.peek()!r}, expected IN or LIKE")
    else:
        return left
    return (lambda scope: _not(found(scope))) if negated else found


def _compared(compare: Callable[[Any, Any], bool], one: Any, other: Any) -> Any:
    known = _unknown(one, other, True)
    return known if known is not True else compare(collated(one), collated(other))


def _in(one: Any, many: Any) -> Any:
    known = _unknown(one, many, True)
    if known is not True:
        return known
    if not isinstance(many, list):
        return False
    return one in many if isinstance(one, str) else any(collated(one) == collated(each) for each in many)


def _like(text: Any, pattern: Any) -> Any:
    known = _unknown(text, pattern, True)
    if known is not True:
        return known
    if not isinstance(text, str) or not isinstance(pattern, str):
        return None
    parts = re.split(r"(\\.|[%_])", pattern)
    regular = "".join({"%": ".*", "_": "."}.get(part, re.escape(part.removeprefix("\\"))) for part in parts)
    return re.fullmatch(regular, text, re.DOTALL) is not None


def _sum(words: Words) -> Expression:
    left = _path(words)
    while words.take("||"):
        left = _joined(left, _path(words))
    return left


def _joined(left: Expression, right: Expression) -> Expression:
    def value(scope: Scope) -> Any:
        one, other = left(scope), right(scope)
        known = _unknown(one, other, True)
        if known is not True:
            return known
        return one + other if isinstance(one, str) and isinstance(other, str) else None

    return value


def _path(words: Words) -> Expression:
    value = _primary(words)
    while words.take("."):
        value = _field(value, words.name())
    return value


def _field(of: Expression, name: str) -> Expression:
    def value(scope: Scope) -> Any:
        whole = of(scope)
        return whole.get(name, MISSING) if isinstance(whole, dict) else MISSING if whole is MISSING else None

    return value


_CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None, "MISSING": MISSING}


def _primary(words: Words) -> Expression:
    if words.take("("):
        inner = expression(words)
        words.need(")")
        return inner
    if words.take("["):
        items = _items(words, "]")
        return lambda scope: [item(scope) for item in items]
    if words.take("ANY"):
        return _any(words)
    if words.take("-"):
        number = json.loads(words.next()[1])
        return lambda scope: -number
    kind, word = words.next()
    if kind == "string":
        text = json.loads(word, strict=False) if word[0] == '"' else word[1:-1].replace("''", "'")
        return lambda scope: text
    if kind == "number":
        constant = json.loads(word)
        return lambda scope: constant
    if kind == "parameter":
        return lambda scope: _parameter(scope, word[1:])
    if kind == "name" and word.upper() in _CONSTANTS:
        given = _CONSTANTS[word.upper()]
        return lambda scope: given
    if kind == "name" and words.take("("):
        return _call(word.upper(), words)
    if kind in ("name", "quoted"):
        name = word.strip("`")
        return lambda scope: _named(scope, name)
    raise QueryRefusedError(3000, f"syntax error - near: {word!r}")


def _items(words: Words, end: str) -> list[Expression]:
    items: list[Expression] = []
    while not words.take(end):
        if items:
            words.need(",")
        items.append(expression(words))
    return items


def _named(scope: Scope, name: str) -> Any:
    if name not in scope.names:
        raise QueryRefusedError(3000, f"Ambiguous reference to field '{name}' or unknown name")
    value = scope.names[name]
    if isinstance(value, bytes):
        return _body(value)
    return value(scope) if callable(value) else value


@lru_cache(4096)
def _body(value: bytes) -> Any:
    """What the query service sees of a document; binary ones have no fields."""
    try:
        return json.loads(value)
    except ValueError:
        return {}


def _parameter(scope: Scope, name: str) -> Any:
    if name not in scope.parameters:
        raise QueryRefusedError(5010, f"Error evaluating: No value for named parameter: ${name}", 500)
    return scope.parameters[name]


def _any(words: Words) -> Expression:
    name = words.name()
    words.need("IN")
    many = _sum(words)
    words.need("SATISFIES")
    condition = expression(words)
    words.need("END")

    def value(scope: Scope) -> Any:
        items = many(scope)
        if not isinstance(items, list):
            return items if items is MISSING else None
        return any(
            condition(Scope({**scope.names, name: item}, scope.keys, scope.parameters)) is True for item in items
        )

    return value


def _call(name: str, words: Words) -> Expression:
    if name == "META":
        alias = words.name()
        words.need(")")
        return lambda scope: {"id": scope.keys[alias][0], "cas": scope.keys[alias][1]}
    arguments = _items(words, ")")
    if name == "VECTOR_DISTANCE" and len(arguments) == 3:
        return lambda scope: _distance(*(one(scope) for one in arguments))
    raise QueryRefusedError(3000, f"Invalid function {name}")


def _distance(one: Any, other: Any, metric: Any) -> Any:
    known = _unknown(one, other, True)
    if known is not True:
        return known
    if not isinstance(one, list) or not isinstance(other, list) or len(one) != len(other):
        return None
    metric = str(metric).upper()
    if metric in ("L2", "EUCLIDEAN"):
        return math.dist(one, other)
    if metric in ("L2_SQUARED", "EUCLIDEAN_SQUARED"):
        return math.dist(one, other) ** 2
    product = math.fsum(a * b for a, b in zip(one, other, strict=True))
    if metric == "DOT":
        return -product
    if metric == "COSINE":
        length = math.hypot(*one) * math.hypot(*other)
        return 1.0 - product / length if length else None
    raise QueryRefusedError(5010, f"Error evaluating: unknown metric {metric}", 500)
