"""Equality as the contract means it: types count, and so does the sign of zero. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, cast

__all__ = ["assert_record", "assert_records", "assert_same", "same"]


def same(left: Any, right: Any) -> bool:
    """True when both are the same JSON value: True is not 1, 1 is not 1.0, -0.0 is not 0.0, a tuple is no list."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        mine, other = cast("dict[Any, Any]", left), cast("dict[Any, Any]", right)
        return mine.keys() == other.keys() and all(same(value, other[key]) for key, value in mine.items())
    if isinstance(left, list):
        items, others = cast("list[Any]", left), cast("list[Any]", right)
        return len(items) == len(others) and all(map(same, items, others))
    if isinstance(left, float):
        return left == right and math.copysign(1, left) == math.copysign(1, right)
    return bool(left == right)


def assert_same(actual: Any, expected: Any, what: str = "value") -> None:
    """Fails with both values, shortened, when they are not the `same`."""
    assert same(actual, expected), f"{what} is {_short(actual)}, not {_short(expected)}"


def assert_record(actual: Any, expected: Any, *, ignore: Sequence[str] = ()) -> None:
    """Fails when a field of two sessions, messages or documents differs; times may be int or float."""
    assert type(actual) is type(expected), f"got {_short(actual)} for {_short(expected)}"
    for item in fields(expected):
        if item.name in ignore:
            continue
        mine, other = getattr(actual, item.name), getattr(expected, item.name)
        if item.name.endswith("_at"):
            assert mine == other, f"{item.name} is {mine!r}, not {other!r}"
        else:
            assert_same(mine, other, item.name)


def assert_records(actual: Sequence[Any], expected: Sequence[Any], *, ignore: Sequence[str] = ()) -> None:
    """Fails when two lists of records differ in length, order or any field."""
    key = "session_id" if expected and not hasattr(expected[0], "id") else "id"
    ids = [getattr(record, key) for record in expected]
    assert [getattr(record, key) for record in actual] == ids
    for mine, other in zip(actual, expected, strict=True):
        assert_record(mine, other, ignore=ignore)


def _short(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 300 else f"{text[:200]}...{text[-80:]} ({len(text)} characters)"
