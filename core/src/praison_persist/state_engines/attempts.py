"""Attempts at one write: how long to go on against other writers, and whether an earlier one took effect. No I/O."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Generator
from typing import Any

from ..errors import ConflictError, UnavailableError
from .requests import Condition, Pause, Record, Turn

__all__ = ["PATIENCE", "Attempt", "Contest", "is_same", "new_token"]

PATIENCE = 60.0
"""Seconds. A hundred callers of `incr` on one key take turns, and some engines take one write a second of a record."""

_LONGEST_TURN = 1.0  # then without it: where the engine hangs, those who wait must not hang one after the other
_LONGEST_PAUSE = 0.25


class Contest:
    """A write for which the record must be unchanged: how long to wait when another writer was quicker."""

    def __init__(self, key: str, name: str, patience: float) -> None:
        self._key = key
        self._name = name
        self._patience = patience
        self._end = time.monotonic() + patience
        self._lost = 0
        self._has_turn = False

    def lost(self) -> Generator[Turn | Pause, Any, None]:
        """Wait before the next attempt: for the other callers of this store to finish, then at random.

        Raises:
            ConflictError: the caller's patience is over.
        """
        self._lost += 1
        if time.monotonic() > self._end:
            raise ConflictError(
                f"key {self._key!r} was changed by others during each of {self._lost} attempts in {self._patience:g} s",
                hint="try again, or spread the writes over several keys",
            )
        if not self._has_turn:
            self._has_turn = yield Turn(self._name, _LONGEST_TURN)
        else:
            longest = min(_LONGEST_PAUSE, 0.002 * 2.0 ** min(self._lost, 10))
            yield Pause(random.uniform(0.0, longest))  # noqa: S311 - jitter


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
