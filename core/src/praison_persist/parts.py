"""Lists in parts that one request or statement takes. No engine and no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

__all__ = ["in_parts"]

T = TypeVar("T")


def in_parts(
    items: Iterable[T], weigh: Callable[[T], int], heaviest: int, *, longest: int | None = None
) -> Iterator[list[T]]:
    """The items in order, in parts that are as large as the limits allow; an item beyond them is a part of its own.

    Args:
        items: read as the parts are asked for.
        weigh: an item's weight.
        heaviest: the weight of a part.
        longest: the number of items of a part; None for any.
    """
    part: list[T] = []
    weight = 0
    for item in items:
        more = weigh(item)
        if part and (weight + more > heaviest or len(part) == longest):
            yield part
            part, weight = [], 0
        part.append(item)
        weight += more
    if part:
        yield part
