"""The filter AST as SQL over the ``metadata`` column, with exactly its meaning. No I/O.

Values and keys are parameters, never part of the statement.
"""

from __future__ import annotations

import json
from typing import Any

from praison_persist.filters import And, Comparison, Exists, Filter, In, Not, Or

from .convert import comparable, comparable_text, jsonb_array, to_json

__all__ = ["to_sql"]

_OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def to_sql(condition: Filter) -> tuple[str, list[Any]]:
    """A condition for WHERE that is never false where it should be true, and its parameters.

    It is NULL instead of false for rows without metadata, which only matters below a negation.
    """
    params: list[Any] = []
    return _translate(condition, params), params


def _translate(node: Filter, params: list[Any]) -> str:
    if isinstance(node, (And, Or)):
        word = " AND " if isinstance(node, And) else " OR "
        return "(" + word.join(_translate(part, params) for part in node.operands) + ")"
    if isinstance(node, Not):
        return f"({_translate(node.operand, params)}) IS NOT TRUE"
    if isinstance(node, Exists):
        return _path_exists(_json_path(node.path), params)
    if isinstance(node, In):
        params.append(jsonb_array([form for value in node.values for form in _containers(node.path, value)]))
        return "metadata @> ANY (%b::jsonb[])"  # a cast from text[] would be done again for each row
    if node.op == "eq":
        params += _containers(node.path, node.value)
        return "(metadata @> %s::jsonb OR metadata @> %s::jsonb)"
    return _range(node, params)


def _containers(path: tuple[str, ...], value: Any) -> list[str]:
    """What contains-checks ask for: the value at the path, or a list with it; they look into no other lists."""
    forms: list[str] = []
    for form in (comparable(value), [comparable(value)]):
        for key in reversed(path):
            form = {comparable_text(key): form}
        forms.append(to_json(form))
    return forms


def _range(node: Comparison, params: list[Any]) -> str:
    # Numbers compare as exact decimals and strings by code point; a number with a string is neither true nor false.
    test = f"@ {_OPERATORS[node.op]} {to_json(comparable(node.value))}"  # a scalar of JSON is one of JSON paths
    return _path_exists(f"{_json_path(node.path)} ? ({test} || exists (@[*] ? ({test})))", params)


def _path_exists(path: str, params: list[Any]) -> str:
    params.append(path)
    return "metadata @? %s::jsonpath"


def _json_path(path: tuple[str, ...]) -> str:
    """Strict, so that it descends into mappings only; a quoted key of a JSON path is a JSON string."""
    return "strict $" + "".join(f".{json.dumps(comparable_text(key), ensure_ascii=False)}" for key in path)
