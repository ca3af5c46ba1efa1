"""Metadata and filters of the vectors API: what is let in, and what matches. Knows no records.

Of ``$ne`` and ``$nin`` on a record without the field the documentation says nothing; here they match.
"""

from __future__ import annotations

import json
from typing import Any

from refusal import bad

__all__ = ["check_filter", "check_metadata", "matches"]

_METADATA_BYTES = 40 * 1024
_MOST_VALUES = 10_000


def check_metadata(id_: str, metadata: Any) -> None:
    """Refuse what a record must not hold: nulls, mappings, lists of anything but strings, more than 40 KB."""
    if not isinstance(metadata, dict):
        raise bad("Metadata must be an object")
    for key, value in metadata.items():
        if not key or key.startswith("$"):
            raise bad(f"Metadata key {key!r} must not be empty or start with '$'")
        strings = isinstance(value, list) and all(isinstance(item, str) for item in value)
        if not (isinstance(value, (str, int, float, bool)) or strings):
            raise bad(
                f"Metadata value must be a string, number, boolean or list of strings, got {json.dumps(value)[:40]!r} "
                f"for field {key!r}"
            )
    size = len(json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode())
    if size > _METADATA_BYTES:
        raise bad(
            f"Metadata size is {size} bytes, which exceeds the limit of {_METADATA_BYTES} bytes per vector: {id_}"
        )


def check_filter(condition: Any) -> None:
    """Refuse a filter with operators or operands that there are not."""
    if not isinstance(condition, dict) or not condition:
        raise bad("Filter must be an object with at least one condition")
    for key, wanted in condition.items():
        if key in ("$and", "$or"):
            if not isinstance(wanted, list) or not wanted:
                raise bad(f"{key} must be a non-empty list")
            for part in wanted:
                check_filter(part)
        elif key.startswith("$"):
            raise bad(f"{key} is not a valid operator")
        else:
            for operator, operand in _operations(wanted).items():
                _check_operand(operator, operand)


def matches(condition: dict[str, Any], metadata: dict[str, Any]) -> bool:
    """Whether a record's metadata satisfies a checked filter."""
    for key, wanted in condition.items():
        if key == "$and":
            met = all(matches(part, metadata) for part in wanted)
        elif key == "$or":
            met = any(matches(part, metadata) for part in wanted)
        else:
            met = all(_holds(metadata.get(key), operator, operand) for operator, operand in _operations(wanted).items())
        if not met:
            return False
    return True


def _operations(wanted: Any) -> dict[str, Any]:
    return wanted if isinstance(wanted, dict) else {"$eq": wanted}


def _check_operand(operator: str, operand: Any) -> None:
    if operator in ("$eq", "$ne"):
        good = isinstance(operand, (str, int, float, bool))
    elif operator in ("$gt", "$gte", "$lt", "$lte"):
        good = isinstance(operand, (int, float)) and not isinstance(operand, bool)
    elif operator in ("$in", "$nin"):
        good = isinstance(operand, list) and all(isinstance(item, (str, int, float)) for item in operand)
        if good and not 0 < len(operand) <= _MOST_VALUES:
            raise bad(f"{operator} takes 1 to {_MOST_VALUES} values")
    elif operator == "$exists":
        good = isinstance(operand, bool)
    else:
        raise bad(f"{operator} is not a valid operator")
    if not good:
        raise bad(f"the {operator} operator does not take {json.dumps(operand)[:40]}")


def _holds(value: Any, operator: str, operand: Any) -> bool:
    if operator == "$exists":
        return (value is not None) is operand
    if operator in ("$gt", "$gte", "$lt", "$lte"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return {
            "$gt": value > operand,
            "$gte": value >= operand,
            "$lt": value < operand,
            "$lte": value <= operand,
        }[operator]
    values = value if isinstance(value, list) else [] if value is None else [value]
    wanted = operand if operator in ("$in", "$nin") else [operand]
    among = any(_same(one, other) for one in values for other in wanted)
    return among if operator in ("$eq", "$in") else not among


def _same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) is isinstance(other, bool)
