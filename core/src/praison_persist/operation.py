"""Operations without I/O: generators that yield requests to an engine and receive its answers.

One body serves blocking and asynchronous engines. No engine and no kind of request is known here: the SQL base yields
statements, the state bases yield commands or record requests.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, Generic, ParamSpec, TypeVar

__all__ = ["Operation", "operation"]

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(slots=True)  # frozen would cost more than the rest of a call's preparation
class Operation(Generic[T]):
    """A contract method, ready to run any number of times.

    Attributes:
        name: the contract's method, for errors.
        start: makes a fresh generator.
        transaction: all requests are one transaction; else each stands alone.
        idempotent: may be run again although an earlier run may have taken effect.
    """

    name: str
    start: Callable[[], Generator[Any, Any, T]]
    transaction: bool
    idempotent: bool


def operation(
    *, transaction: bool = False, idempotent: bool = True, name: str | None = None
) -> Callable[[Callable[P, Generator[Any, Any, T]]], Callable[P, Operation[T]]]:
    """Turn a generator function into one that returns an `Operation`, named like it if not given a name."""

    def decorate(steps: Callable[P, Generator[Any, Any, T]]) -> Callable[P, Operation[T]]:
        known_as = name or steps.__name__

        @wraps(steps)
        def prepare(*args: P.args, **kwargs: P.kwargs) -> Operation[T]:
            return Operation(known_as, partial(steps, *args, **kwargs), transaction, idempotent)

        return prepare

    return decorate
