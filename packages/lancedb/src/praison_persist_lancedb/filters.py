"""The filter AST as SQL over JSON paths: every matching row satisfies it, `filters.matches` sees to the rest.

LanceDB's JSON paths compare numbers and texts as the contract does, but read no fractions from 1 on and no empty text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from praison_persist.filters import Exists, Filter, In, Scalar
from praison_persist.jsontext import is_plain_text
from praison_persist.narrowing import Leaf, Narrowed, narrow

from .convert import EXACT_INTEGERS

__all__ = ["ids_in", "quoted", "to_sql"]

_OPERATORS = {"eq": "==", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def to_sql(condition: Filter | None, *, native: bool) -> Narrowed[str]:
    """LanceDB's filter for an AST.

    Args:
        condition: None for no filter.
        native: False for PraisonAI's tables, which hold no metadata.
    """
    if not native:
        return Narrowed(exact=condition is None)
    return narrow(condition, _leaf, lambda parts: f"({' AND '.join(parts)})", lambda parts: f"({' OR '.join(parts)})")


def quoted(text: str) -> str:
    """A literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def ids_in(ids: Sequence[str]) -> str:
    """The rows of these documents."""
    return f"id IN ({', '.join(map(quoted, ids))})"


def _leaf(node: Leaf, negated: bool) -> Narrowed[str]:
    path = _path(node.path)
    if path is None:
        return Narrowed()
    if isinstance(node, Exists):
        return Narrowed(f"{'NOT ' if negated else ''}{_exists(path)}", exact=True)
    if isinstance(node, In):
        if not node.values:
            return Narrowed(exact=True) if negated else Narrowed("false", exact=True)
        tests = [_test("eq", value) for value in node.values]
    else:
        tests = [_test(node.op, node.value)]
    predicates = [test.where for test in tests if test.where is not None]
    exact = all(test.exact for test in tests)
    if len(predicates) < len(tests) or (negated and not exact):
        return Narrowed()
    # One path for each: a disjunction inside a path finds nothing once the kinds of values differ.
    exists = " OR ".join(_exists(f"{path}[*] ? ({predicate})") for predicate in predicates)
    return Narrowed(f"{'NOT ' if negated else ''}({exists})", exact)


def _exists(path: str) -> str:
    return f"json_exists(filterable, {quoted(path)})"


def _path(parts: Sequence[str]) -> str | None:
    if not all(part.isprintable() and is_plain_text(part) and '"' not in part and "\\" not in part for part in parts):
        return None
    return "$" + "".join(f'."{part}"' for part in parts)


def _test(op: str, value: Scalar) -> Narrowed[str]:
    """A comparison of ``@``; a wider one, or none, where the path language has no word for the value."""
    sign = _OPERATORS[op]
    if isinstance(value, str):
        plain = value != "" and value.isprintable() and is_plain_text(value) and not {'"', "\\"} & {*value}
        return Narrowed(f'@ {sign} "{value}"', exact=True) if plain else Narrowed()
    if value is None or isinstance(value, bool):
        return Narrowed(f"@ {sign} {json.dumps(value)}", exact=True)
    if abs(value) >= EXACT_INTEGERS:
        return Narrowed()
    low, high = math.floor(value), math.ceil(value)
    if low == high:
        return Narrowed(f"@ {sign} {low}", exact=True)
    if op == "eq":
        return Narrowed(f"(@ >= {low} && @ <= {high})")
    return Narrowed(f"@ >= {low}" if op in ("gt", "gte") else f"@ <= {high}")
