"""One thing to do for a database, and what its caller waits for. Knows no queue."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

__all__ = ["QUEUED", "Job", "Together", "settle"]

Together = Callable[[list[Any]], Any]
"""One attempt for several writes at once, of their values in order: all or none, or safe to repeat for each."""

QUEUED = object()
"""What a write's future holds when the write waits for the database instead of being stored."""


@dataclass(eq=False, slots=True)
class Job:
    """See `Outbox.post`."""

    lane: str
    function: Callable[[], Any]
    value: Any
    stays: bool
    together: Together | None
    since: float
    future: Future[Any] = field(default_factory=Future)


def settle(future: Future[Any], result: Any = None, error: Exception | None = None) -> bool:
    """End the future, unless it has ended; whether this did it."""
    try:
        future.set_result(result) if error is None else future.set_exception(error)
    except concurrent.futures.InvalidStateError:
        return False
    return True
