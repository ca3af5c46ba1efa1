"""Cosmos DB's SQL, the part of its reference that single-partition queries over vectors need; other syntax is refused.

    SELECT [TOP n] * | VALUE e | e [AS a], ... FROM c [WHERE e] [ORDER BY e [ASC|DESC]] [OFFSET n LIMIT n]

Knows nothing of the network, of partitions and of who asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from functions import FUNCTIONS, UNDEFINED, compare, distance, order, rank
from refusal import bad

__all__ = ["Vector", "parse"]

Row = dict[str, Any]
Evaluate = Callable[[Row], Any]

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<parameter>@\w+)|(?P<word>[A-Za-z_]\w*)|(?P<sign><=|>=|!=|<>|[=<>(),.*\[\]]))"""
)
_LONGEST = 512 * 1024


class Vector(NamedTuple):
    """An embedding of a container.

    Attributes:
        metric: its distance function.
        dimensions: how many numbers it has.
    """

    metric: str
    dimensions: int


def parse(text: str, parameters: Sequence[Row], vectors: Mapping[str, Vector]) -> Callable[[Sequence[Row]], list[Any]]:
    """The query of a text: what gives its results on the items of a partition.

    Args:
        vectors: the embeddings of the container, by path.
    """
    if len(text.encode()) > _LONGEST:
        raise bad("The SQL query text exceeded the maximum limit of 524288 characters.")
    return _Parser(text, {one["name"]: one["value"] for one in parameters}, vectors).query()


class _Parser:
    def __init__(self, text: str, parameters: Row, vectors: Mapping[str, Vector]) -> None:
        self._parameters = parameters
        self._vectors = vectors
        self._compared = 0
        self._ranked = False
        self._alias: str | None = None
        self._last: list[str] = []
        self._tokens: list[tuple[str, str]] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise bad(f"Syntax error, incorrect syntax near '{text[at : at + 10]}'.")
            self._tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
            at = found.end()
        self._at = 0

    def query(self) -> Callable[[Sequence[Row]], list[Any]]:
        self._expect("SELECT")
        top = self._integer() if self._take("TOP") else None
        shape, counts = self._shape()
        self._expect("FROM")
        self._alias = self._next("word")
        where: Evaluate | None = self._or() if self._take("WHERE") else None
        by, down = self._order()
        offset, limit = (0, None)
        if self._take("OFFSET"):
            offset = self._integer()
            self._expect("LIMIT")
            limit = self._integer()
        if self._at < len(self._tokens):
            raise bad(f"Syntax error, incorrect syntax near '{self._tokens[self._at][1]}'.")

        def run(items: Sequence[Row]) -> list[Any]:
            rows = [item for item in items if where is None or where(item) is True]
            if counts:
                return [len(rows)]
            if by is not None:
                keyed = [(by(row), row) for row in rows]
                rows = [row for key, row in sorted(((order(key), row) for key, row in keyed), key=lambda one: one[0])]
                if down:
                    rows.reverse()
            rows = rows[offset : None if limit is None else offset + limit][:top]
            return [result for result in map(shape, rows) if result is not UNDEFINED]

        if self._ranked and top is None and limit is None:
            raise bad("A query that orders by VectorDistance needs TOP or LIMIT.")
        return run

    def _shape(self) -> tuple[Evaluate, bool]:
        if self._take("*"):
            return dict, False
        if self._take("VALUE"):
            if self._peek("COUNT"):
                self._at += 1
                self._expect("(")
                self._integer()
                self._expect(")")
                return dict, True
            return self._or(), False
        columns: list[tuple[str, Evaluate]] = []
        while True:
            start = self._at
            value = self._or()
            name = self._next("word") if self._take("AS") else self._name(start)
            columns.append((name, value))
            if not self._take(","):
                break

        def shape(row: Row) -> Any:
            found = {name: value(row) for name, value in columns}
            return {name: value for name, value in found.items() if value is not UNDEFINED}

        return shape, False

    def _name(self, start: int) -> str:
        """The name that Cosmos DB gives to a column without one: the last part of its path."""
        kind, text = self._tokens[self._at - 1]
        if kind == "word":
            return text
        kind, text = self._tokens[self._at - 2]
        return text[1:-1] if kind == "text" else f"${start}"

    def _order(self) -> tuple[Evaluate | None, bool]:
        if not self._take("ORDER"):
            return None, False
        self._expect("BY")
        before = self._compared
        by = self._or()
        down, up = self._take("DESC"), self._take("ASC")
        if self._compared == before:
            return by, down
        if down or up:
            raise bad("ORDER BY VectorDistance takes neither ASC nor DESC.")
        self._ranked = True
        return lambda row: rank(by(row)), False

    # -- expressions ---------------------------------------------------------------------------------------------

    def _or(self) -> Evaluate:
        parts = [self._and()]
        while self._take("OR"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else lambda row: _any(part(row) for part in parts)

    def _and(self) -> Evaluate:
        parts = [self._not()]
        while self._take("AND"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else lambda row: _all(part(row) for part in parts)

    def _not(self) -> Evaluate:
        if not self._take("NOT"):
            return self._comparison()
        operand = self._not()

        def negate(row: Row) -> Any:
            value = operand(row)
            return not value if isinstance(value, bool) else UNDEFINED

        return negate

    def _comparison(self) -> Evaluate:
        left = self._operand()
        kind, sign = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        if kind != "sign" or sign not in ("=", "!=", "<>", "<", "<=", ">", ">="):
            return left
        self._at += 1
        right = self._operand()
        return lambda row: compare(sign, left(row), right(row))

    def _operand(self) -> Evaluate:
        if self._take("("):
            inner = self._or()
            self._expect(")")
            return inner
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("", "the end")
        self._at += 1
        if kind in ("number", "text", "parameter") or text.lower() in ("true", "false", "null"):
            value = self._constant(kind, text)
            return lambda _: value
        if kind != "word":
            raise bad(f"Syntax error, incorrect syntax near '{text}'.")
        return self._call(text) if self._take("(") else self._path(text)

    def _constant(self, kind: str, text: str) -> Any:
        if kind == "parameter":
            if text not in self._parameters:
                raise bad(f"The parameter '{text}' is not given.")
            return self._parameters[text]
        if kind == "number":
            return float(text) if set(text) & set(".eE") else int(text)
        return text[1:-1] if kind == "text" else {"true": True, "false": False, "null": None}[text.lower()]

    def _path(self, alias: str) -> Evaluate:
        if self._alias not in (None, alias):
            raise bad(f"Identifier '{alias}' could not be resolved.")
        names: list[str] = []
        while True:
            if self._take("."):
                names.append(self._next("word"))
            elif self._take("["):
                names.append(self._next("text")[1:-1])
                self._expect("]")
            else:
                break
        self._last = names

        def value(row: Row) -> Any:
            found: Any = row
            for name in names:
                found = found.get(name, UNDEFINED) if isinstance(found, dict) else UNDEFINED
            return found

        return value

    def _call(self, name: str) -> Evaluate:
        if name.upper() == "VECTORDISTANCE":
            return self._distance()
        function = FUNCTIONS.get(name.upper())
        if function is None:
            raise bad(f"'{name}' is not a recognized built-in function name.")
        arguments = [self._or()]
        while self._take(","):
            arguments.append(self._or())
        self._expect(")")
        return lambda row: function(*(argument(row) for argument in arguments))

    def _distance(self) -> Evaluate:
        embedding = self._or()
        kind = self._vectors.get("/" + "/".join(self._last))
        self._expect(",")
        vector = self._or()({})
        self._expect(")")
        if kind is None or not isinstance(vector, list) or len(vector) != kind.dimensions:
            raise bad("VectorDistance needs an embedding of the container's policy, and a vector of its dimensions.")
        self._compared += 1
        return lambda row: distance(kind.metric, embedding(row), vector)

    # -- tokens --------------------------------------------------------------------------------------------------

    def _peek(self, word: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at][1].upper() == word

    def _take(self, word: str) -> bool:
        if self._peek(word) and self._tokens[self._at][0] in ("word", "sign"):
            self._at += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            near = self._tokens[self._at][1] if self._at < len(self._tokens) else "the end"
            raise bad(f"Syntax error, incorrect syntax near '{near}', {word} expected.")

    def _next(self, kind: str) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != kind:
            raise bad(f"Syntax error, {kind} expected.")
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _integer(self) -> int:
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        self._at += 1
        value = self._constant(kind, text) if kind in ("number", "parameter") else None
        if not isinstance(value, int) or value < 0:
            raise bad("Syntax error, a non-negative integer expected.")
        return value


def _any(values: Any) -> Any:
    """OR of true, false and undefined."""
    found: Any = False
    for value in values:
        if value is True:
            return True
        if value is not False:
            found = UNDEFINED
    return found


def _all(values: Any) -> Any:
    """AND of true, false and undefined."""
    found: Any = True
    for value in values:
        if value is False:
            return False
        if value is not True:
            found = UNDEFINED
    return found
