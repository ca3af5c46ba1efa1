"""Requests to Pinecone that are repeated where that does no harm, and never beyond their deadline.

Every request but the creation of an index may be repeated: it says what shall be, by ids. Knows no documents.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from praison_persist.errors import OperationTimeoutError, UnavailableError
from praison_persist.steps import Steps

from .errors import asked_to_wait

__all__ = ["ask"]


def ask(engine: Any, call: Callable[[], Any], *, write: bool = False, once: bool = False) -> Steps[Any]:
    """What a call gives, after repetitions if need be.

    Args:
        engine: an `Engine` or `AsyncEngine`.
        call: makes one request.
        write: it changes something.
        once: not to be repeated after a failure that leaves its outcome unknown.

    Raises:
        UnavailableError: throttled, failed or not reached, until the deadline or for the last time.
        PersistError: refused.
    """
    deadline = time.monotonic() + engine.remote.timeout
    for left in range(engine.remote.max_retries, -1, -1):
        try:
            with engine.guard(write=write):
                return (yield call())
        except UnavailableError as error:
            if isinstance(error, OperationTimeoutError) or not error.retryable or (error.ambiguous and once):
                raise
            pause = asked_to_wait(error)
            if pause is None:
                retry = engine.remote.max_retries - left
                pause = random.uniform(0.0, engine.remote.retry_delay * 2.0**retry)  # noqa: S311 - jitter
            elif time.monotonic() + pause > deadline:
                error.hint = f"the service asks to wait {pause:g} s, which is longer than timeout="
            if not left or time.monotonic() + pause > deadline:
                raise
        yield engine.pause(pause)
    raise AssertionError("the last attempt returns or raises")
