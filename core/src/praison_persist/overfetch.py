"""Searches of which only some rows count, since the engine's own filter is wider than the one asked for.

No engine and no I/O: it asks for more and more rows until enough are left, or the engine has no more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .steps import Answer, Steps

__all__ = ["overfetch"]

T = TypeVar("T")

_GROWTH = 4


def overfetch(
    fetch: Callable[[int], Answer[tuple[list[T], bool]]], limit: int, *, first: int, most: int
) -> Steps[list[T]]:
    """At most ``limit`` rows that count, best first.

    Args:
        fetch: for a number of rows to look at, those of the best that count, and whether there may be more.
        limit: rows wanted, at least 1.
        first: rows to look at first; each time four times as many.
        most: rows that there are; never are more looked at.
    """
    size = max(first, 1)
    while True:
        kept, more = yield fetch(size)
        if len(kept) >= limit or not more or size >= most:
            return kept[:limit]
        size = min(size * _GROWTH, most)
