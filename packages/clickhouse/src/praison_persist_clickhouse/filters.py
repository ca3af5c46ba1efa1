"""The filter AST as a condition over the column ``facts``, of exactly the same meaning. No I/O.

All filters can be translated. Keys and values are bound as parameters, never part of the statement.
"""

from __future__ import annotations

from typing import Any

from praison_persist.facts import equal, present, span
from praison_persist.filters import And, Exists, Filter, In, Not, Or

__all__ = ["to_sql"]


def to_sql(condition: Filter, parameters: dict[str, Any]) -> str:
    """A condition for WHERE, never NULL; what it binds is added to the parameters."""
    if isinstance(condition, (And, Or)):
        word = " AND " if isinstance(condition, And) else " OR "
        return "(" + word.join(to_sql(part, parameters) for part in condition.operands) + ")"
    if isinstance(condition, Not):
        return f"(NOT {to_sql(condition.operand, parameters)})"
    if isinstance(condition, Exists):
        return f"has(facts, {_bind(parameters, present(condition.path))})"
    if isinstance(condition, In):
        wanted = list(dict.fromkeys(equal(condition.path, value) for value in condition.values))
        return f"hasAny(facts, {_bind(parameters, wanted, 'Array(String)')})"
    if condition.op == "eq":
        return f"has(facts, {_bind(parameters, equal(condition.path, condition.value))})"
    low, above, high, below = span(condition)
    bounds = (
        f"f {'>' if above else '>='} {_bind(parameters, low)} AND f {'<' if below else '<='} {_bind(parameters, high)}"
    )
    return f"arrayExists(f -> {bounds}, facts)"


def _bind(parameters: dict[str, Any], value: Any, type_: str = "String") -> str:
    name = f"f{len(parameters)}"
    parameters[name] = value
    return f"{{{name}:{type_}}}"
