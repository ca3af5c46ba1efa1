"""Filters that an engine cannot evaluate exactly: it narrows them down, and `filters.matches` decides.

A backend says of each condition what the engine can ask for without losing a document that matches. Pure functions,
no engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, Union

from .filters import And, Comparison, Exists, Filter, In, Not, Or

__all__ = ["Leaf", "Narrowed", "narrow"]

E = TypeVar("E")

Leaf = Union[Comparison, In, Exists]


@dataclass(frozen=True)
class Narrowed(Generic[E]):
    """What an engine is asked for in place of a filter.

    Attributes:
        where: an expression that every matching document satisfies; None where there is none but "all documents".
        exact: no other document satisfies it.
    """

    where: E | None = None
    exact: bool = False


def narrow(
    condition: Filter | None,
    leaf: Callable[[Leaf, bool], Narrowed[E]],
    both: Callable[[Sequence[E]], E],
    either: Callable[[Sequence[E]], E],
) -> Narrowed[E]:
    """An engine's expression for a filter, from its expressions for the conditions on one field.

    Args:
        condition: None for all documents.
        leaf: for a condition, or (with True) for its negation.
        both: the expression that all of two or more hold.
        either: the expression that one of two or more holds.
    """

    def translate(node: Filter, negated: bool) -> Narrowed[E]:
        if isinstance(node, Not):
            return translate(node.operand, not negated)
        if not isinstance(node, (And, Or)):
            return leaf(node, negated)
        parts = [translate(part, negated) for part in node.operands]
        wheres = [part.where for part in parts if part.where is not None]
        exact = all(part.exact for part in parts)
        if isinstance(node, And) is negated:
            if len(wheres) < len(parts):
                return Narrowed()
            return Narrowed(wheres[0] if len(wheres) == 1 else either(wheres), exact)
        if not wheres:
            return Narrowed()
        return Narrowed(wheres[0] if len(wheres) == 1 else both(wheres), exact)

    return Narrowed(exact=True) if condition is None else translate(condition, negated=False)
