"""Waiting for another writer, without holding anything meanwhile: neither the interpreter's lock nor a connection's."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from .errors import AnswerError

__all__ = ["until_free"]

T = TypeVar("T")

_LONGEST = 0.05


def until_free(work: Callable[[], T], timeout: float) -> T:
    """The work's value, begun again while another writer holds the database.

    Args:
        work: one statement that did nothing when its error is `AnswerError.busy`.
        timeout: seconds; then the error stands.
    """
    deadline = time.monotonic() + timeout
    pause = 0.001
    while True:
        try:
            return work()
        except AnswerError as error:
            if not error.busy or time.monotonic() > deadline:
                raise
        time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - so that waiting writers do not march in step
        pause = min(2 * pause, _LONGEST)
