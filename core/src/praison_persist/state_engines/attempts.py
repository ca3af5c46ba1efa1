"""Attempts at one write: how long to go on against other writers, and whether an earlier one took effect. No I/O."""

from __future__ import annotations

import random
import secrets
import time

from ..errors import ConflictError, UnavailableError
from .requests import Condition, Pause, Record

__all__ = ["PATIENCE", "Attempt", "Contest", "is_same", "new_token"]

_LONGEST_PAUSE = 0.25

PATIENCE = 60.0
"""Seconds. A hundred callers of `incr` on one key take turns, and some engines take one write a second of a record."""


class Contest:
    """A write for which the record must be unchanged: how long to wait when another writer was quicker."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._end = time.monotonic() + patience
        self._lost = 0

    def lost(self, key: str) -> Pause:
        """What to wait before the next attempt.

        Raises:
            ConflictError: that would be later than the caller has patience for.
        """
        longest = min(_LONGEST_PAUSE, 0.002 * 2.0 ** min(self._lost, 10))
        self._lost += 1
        pause = random.uniform(0.0, longest)  # noqa: S311 - jitter
        if time.monotonic() + pause > self._end:
            raise ConflictError(
                f"key {key!r} was changed by others during each of {self._lost} attempts in {self._patience:g} s",
                hint="try again, or spread the writes over several keys",
            )
        return Pause(pause)


class Attempt:
    """What the runs of one call share, so that a repetition after a lost answer does nothing twice.

    Attributes:
        token: marks the record that this call writes.
        expected: what was to be replaced by a write whose outcome is unknown; else None.
    """

    __slots__ = ("expected", "token")

    def __init__(self) -> None:
        self.token = new_token()
        self.expected: Record | Condition | None = None

    def unknown(self, key: str) -> UnavailableError:
        """The error for a write that cannot be told from others any more."""
        error = UnavailableError(
            f"the connection failed while key {key!r} was written, and another writer has changed it since: "
            "whether this write took effect is unknown",
            retryable=False,
            hint="read the key and decide",
        )
        error.ambiguous = True
        return error


def new_token() -> str:
    """Random text that marks one write."""
    return secrets.token_hex(8)


def is_same(stored: Record | None, expected: Record | Condition) -> bool:
    """Whether what is stored is what a write was to replace."""
    if stored is None or isinstance(expected, Condition):
        return stored is None and isinstance(expected, Condition)
    return (stored.token, stored.version) == (expected.token, expected.version)
