"""The one metadata filter language: parsed once into a small AST, evaluated exactly by `matches`.

A backend translates the AST into its engine's own filter, or raises `UnsupportedFilterError`;
it never ignores a part. This module does no I/O and knows no backend.

Grammar (a mapping, in the style of MongoDB's query language)::

    {"lang": "de"}                          equality
    {"year": {"$gte": 2020, "$lt": 2024}}   several operators on one field: all must hold
    {"lang": "de", "year": 2020}            several fields: all must hold
    {"$and": [f, g]}, {"$or": [f, g]}, {"$not": f}
    {"year": {"$not": {"$gt": 2020}}}
    {"author.name": "Ada"}                  a dot descends into nested mappings

Operators: ``$eq $ne $in $nin $gt $gte $lt $lte $exists $not``.

Meaning, the same on every backend:

- Operands are ``str``, ``int``, ``float`` (finite), ``bool`` or ``None``; ranges take numbers or strings.
- Values compare within their class only: a number never equals a string, ``True`` is not ``1``, ``1`` equals ``1.0``.
  Strings are ordered by code point.
- A list in the metadata matches when any element does.
- ``$ne``, ``$nin`` and ``$not`` are the exact negation, so they match documents that lack the field.
- ``{"field": None}`` matches a field that is present with the value None; ``$exists`` asks for presence.
- ``$in []`` matches nothing, ``$nin []`` everything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union, cast

from .errors import InvalidInputError

__all__ = [
    "MAX_DEPTH",
    "And",
    "Comparison",
    "Exists",
    "Filter",
    "In",
    "Not",
    "Or",
    "Scalar",
    "fields",
    "matches",
    "parse_filter",
]

Scalar = Union[str, int, float, bool, None]
Operator = Literal["eq", "gt", "gte", "lt", "lte"]

MAX_DEPTH = 32
"""Deepest nesting of a filter; deeper ones are refused so that no engine overflows its parser."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``field OP value``; True when any value found at the path compares so."""

    path: tuple[str, ...]
    op: Operator
    value: Scalar


@dataclass(frozen=True, slots=True)
class In:
    """The field equals one of ``values`` (possibly none)."""

    path: tuple[str, ...]
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Exists:
    """The field is present, also when its value is None."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Exact negation."""

    operand: Filter


@dataclass(frozen=True, slots=True)
class And:
    """All operands hold; at least one operand."""

    operands: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one operand holds; at least one operand."""

    operands: tuple[Filter, ...]


Filter = Union[Comparison, In, Exists, Not, And, Or]


def parse_filter(filters: Mapping[str, Any] | None) -> Filter | None:
    """The AST of a filter mapping; None when there is nothing to filter (None or ``{}``).

    Raises:
        InvalidInputError: unknown operator, wrong operand, or nesting deeper than `MAX_DEPTH`.
    """
    if filters is None:
        return None
    if not isinstance(cast(Any, filters), Mapping):
        raise _invalid(f"filters must be a mapping, not {type(filters).__name__}")
    return _parse_mapping(filters, 1) if filters else None


def matches(condition: Filter | None, metadata: Mapping[str, Any] | None) -> bool:
    """The reference meaning of a filter: does this metadata satisfy it?"""
    if condition is None:
        return True
    document = metadata or {}
    if isinstance(condition, And):
        return all(matches(part, document) for part in condition.operands)
    if isinstance(condition, Or):
        return any(matches(part, document) for part in condition.operands)
    if isinstance(condition, Not):
        return not matches(condition.operand, document)
    found, value = _lookup(document, condition.path)
    if isinstance(condition, Exists):
        return found
    if not found:
        return False
    candidates = cast("list[Any]", value) if isinstance(value, list) else [value]
    if isinstance(condition, In):
        return any(_equal(item, wanted) for item in candidates for wanted in condition.values)
    compare = _COMPARE[condition.op]
    return any(compare(item, condition.value) for item in candidates)


def fields(condition: Filter | None) -> Iterator[tuple[str, ...]]:
    """Every field path that the filter mentions, in order, with repetitions."""
    if condition is None:
        return
    if isinstance(condition, (And, Or)):
        for part in condition.operands:
            yield from fields(part)
    elif isinstance(condition, Not):
        yield from fields(condition.operand)
    else:
        yield condition.path


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError(message, hint="operators are $eq $ne $in $nin $gt $gte $lt $lte $exists $and $or $not")


def _parse_mapping(mapping: Mapping[Any, Any], depth: int) -> Filter:
    if depth > MAX_DEPTH:
        raise _invalid(f"the filter is nested deeper than {MAX_DEPTH} levels")
    if not mapping:
        raise _invalid("an empty mapping inside a filter means nothing")
    parts: list[Filter] = []
    for key, operand in mapping.items():
        if not isinstance(key, str) or not key:
            raise _invalid(f"field names and operators must be non-empty strings, got {key!r}")
        if key in ("$and", "$or"):
            operands = _parse_list(key, operand, depth)
            parts.append(And(operands) if key == "$and" else Or(operands))
        elif key == "$not":
            if not isinstance(operand, Mapping):
                raise _invalid(f"$not takes a mapping, got {type(operand).__name__}")
            parts.append(Not(_parse_mapping(cast("Mapping[Any, Any]", operand), depth + 1)))
        elif key.startswith("$"):
            raise _invalid(f"unknown operator {key!r}")
        else:
            parts.append(_parse_field(_path(key), operand, depth))
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _parse_list(key: str, operand: Any, depth: int) -> tuple[Filter, ...]:
    if not isinstance(operand, (list, tuple)) or not operand:
        raise _invalid(f"{key} takes a non-empty list of filters")
    parts: list[Filter] = []
    for item in cast("Sequence[Any]", operand):
        if not isinstance(item, Mapping):
            raise _invalid(f"{key} takes a list of mappings, got {type(item).__name__}")
        parts.append(_parse_mapping(cast("Mapping[Any, Any]", item), depth + 1))
    return tuple(parts)


def _parse_field(path: tuple[str, ...], operand: Any, depth: int) -> Filter:
    if not isinstance(operand, Mapping):
        return Comparison(path, "eq", _scalar("$eq", operand))
    if depth >= MAX_DEPTH:
        raise _invalid(f"the filter is nested deeper than {MAX_DEPTH} levels")
    operators = cast("Mapping[Any, Any]", operand)
    if not operators:
        raise _invalid(f"no operator for field {'.'.join(path)!r}")
    parts = [_parse_operator(path, name, value, depth) for name, value in operators.items()]
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _parse_operator(path: tuple[str, ...], name: Any, value: Any, depth: int) -> Filter:
    if name == "$eq":
        return Comparison(path, "eq", _scalar(name, value))
    if name == "$ne":
        return Not(Comparison(path, "eq", _scalar(name, value)))
    if name in ("$gt", "$gte", "$lt", "$lte"):
        bound = _scalar(name, value)
        if bound is None or isinstance(bound, bool):
            raise _invalid(f"{name} takes a number or a string, got {value!r}")
        return Comparison(path, cast("Operator", name[1:]), bound)
    if name in ("$in", "$nin"):
        if not isinstance(value, (list, tuple, set, frozenset)):
            raise _invalid(f"{name} takes a list, got {type(value).__name__}")
        values = In(path, tuple(_scalar(name, item) for item in cast("Sequence[Any]", value)))
        return values if name == "$in" else Not(values)
    if name == "$exists":
        if not isinstance(value, bool):
            raise _invalid(f"$exists takes True or False, got {value!r}")
        return Exists(path) if value else Not(Exists(path))
    if name == "$not":
        if not isinstance(value, Mapping):
            raise _invalid(f"$not takes a mapping of operators, got {type(value).__name__}")
        return Not(_parse_field(path, cast("Mapping[Any, Any]", value), depth + 1))
    field = ".".join(path)
    raise _invalid(
        f"unknown operator {name!r} for field {field!r}"
        if isinstance(name, str) and name.startswith("$")
        else f"a nested mapping is no operand for field {field!r}; write {field + '.' + str(name)!r}"
    )


def _path(key: str) -> tuple[str, ...]:
    path = tuple(key.split("."))
    if not all(path):
        raise _invalid(f"field path {key!r} has an empty part")
    if any(part.startswith("$") for part in path):
        raise _invalid(f"field path {key!r} has a part that starts with '$'")
    return path


def _scalar(operator: str, value: Any) -> Scalar:
    if isinstance(value, float) and not math.isfinite(value):
        raise _invalid(f"{operator} takes finite numbers, got {value!r}")
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise _invalid(f"{operator} takes a string, number, boolean or None, got {type(value).__name__}")


def _lookup(document: Mapping[str, Any], path: tuple[str, ...]) -> tuple[bool, Any]:
    current: Any = document
    for part in path:
        if not isinstance(current, Mapping) or part not in current:
            return False, None
        current = cast("Mapping[str, Any]", current)[part]
    return True, current


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _comparable(left: Any, right: Any) -> bool:
    return (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str))


def _equal(left: Any, right: Any) -> bool:
    if _comparable(left, right) or (isinstance(left, bool) and isinstance(right, bool)):
        return bool(left == right)
    return left is None and right is None


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _equal,
    "gt": lambda left, right: _comparable(left, right) and left > right,
    "gte": lambda left, right: _comparable(left, right) and left >= right,
    "lt": lambda left, right: _comparable(left, right) and left < right,
    "lte": lambda left, right: _comparable(left, right) and left <= right,
}
