"""The filter AST as SurrealQL over the field ``metadata``, with exactly its meaning. No I/O.

Keys and values are variables, never part of the query. The engine's order of types (none, booleans, numbers, texts,
durations, lists, mappings) bounds the ranges, so that a number is never compared with a text. A text index
(``metadata[$key]``) descends into mappings only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from praison_persist.filters import And, Comparison, Exists, Filter, In, Not, Or
from praison_persist.narrowing import Leaf

from ..values import BEYOND, comparable, comparable_text

__all__ = ["to_surrealql"]

_RANGES = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


_LONGEST = 50
"""Operands of one AND or OR. The engine evaluates no chain of some hundred, and parses no twenty levels of brackets."""


def to_surrealql(condition: Filter | None) -> tuple[str, dict[str, Any]]:
    """A condition for WHERE that is true or false for every document, and its variables; ``true`` for None."""
    variables: dict[str, Any] = {}
    return ("true" if condition is None else _bracketed(condition, variables)), variables


def _bracketed(condition: Filter, variables: dict[str, Any]) -> str:
    text, alternatives = _translate(condition, negated=False, variables=variables)
    return f"({text})" if alternatives else text


def _translate(node: Filter, *, negated: bool, variables: dict[str, Any]) -> tuple[str, bool]:
    """The condition or its negation, and whether that is an OR, which an AND around it puts in brackets."""
    if isinstance(node, Not):
        return _translate(node.operand, negated=not negated, variables=variables)
    if isinstance(node, (And, Or)):
        parts = [_translate(part, negated=negated, variables=variables) for part in node.operands]
        return _joined(parts, alternatives=isinstance(node, Or) is not negated)
    return ("!" if negated else "") + _leaf(node, variables), False


def _joined(parts: Sequence[tuple[str, bool]], *, alternatives: bool) -> tuple[str, bool]:
    if len(parts) == 1:
        return parts[0]
    if len(parts) > _LONGEST:
        step = -(-len(parts) // _LONGEST)
        chunks = [_joined(parts[i : i + step], alternatives=alternatives) for i in range(0, len(parts), step)]
        return _joined([(f"({text})", False) for text, _ in chunks], alternatives=alternatives)
    if alternatives:
        return " OR ".join(text for text, _ in parts), True
    return " AND ".join(f"({text})" if bracketed else text for text, bracketed in parts), False


def _leaf(node: Leaf, variables: dict[str, Any]) -> str:
    field = "metadata" + "".join(f"[{_variable(comparable_text(key), variables)}]" for key in node.path)
    if isinstance(node, Exists):
        return f"({field} != NONE)"
    if isinstance(node, In):
        values = _variable([comparable(value) for value in node.values], variables)
        return f"({field} INSIDE {values} OR {field} ANYINSIDE {values})"
    if node.op == "eq":
        return f"({field} ?= {_variable(comparable(node.value), variables)})"
    return _range(node, field, variables)


def _range(node: Comparison, field: str, variables: dict[str, Any]) -> str:
    sign, up = _RANGES[node.op], node.op in ("gt", "gte")
    bound = comparable(node.value)
    operand = _variable(bound, variables)
    if isinstance(node.value, str):
        low, high = _variable(BEYOND[0], variables), _variable(BEYOND[2], variables)
        within = "$this < 0ns" if up else "$this >= ''"
        test = f"$this {sign} {operand} AND {within} AND !($this >= {low} AND $this < {high})"
    else:
        # Negative numbers beyond 64 bit, those within, positive ones beyond: the bound lies in one of the three.
        first, second, third = [_variable(limit, variables) for limit in BEYOND]
        parts = [f"$this >= {first} AND $this < {second}", "$this > true AND $this < ''"]
        parts.append(f"$this >= {second} AND $this < {third}")
        at = 1 if not isinstance(bound, str) else 0 if bound < BEYOND[1] else 2
        parts[at] += f" AND $this {sign} {operand}"
        test = " OR ".join(f"({part})" for part in (parts[at:] if up else parts[at::-1]))
    # Most values are no lists, and looking into one takes the engine longer. Lists come behind all that is compared.
    return f"({test.replace('$this', field)} OR ({field} >= [] AND array::flatten([{field}])[WHERE {test}] != []))"


def _variable(value: Any, variables: dict[str, Any]) -> str:
    name = f"f{len(variables)}"
    variables[name] = value
    return f"${name}"
