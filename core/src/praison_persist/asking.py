"""Requests to a service that are repeated where that does no harm, and never beyond their deadline.

For engines behind HTTP whose requests say what shall be, by ids, so that most may be repeated. Knows no client.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from .errors import OperationTimeoutError, PersistError, UnavailableError
from .steps import Steps

__all__ = ["Asked", "Remote", "ask"]


class Remote(Protocol):
    """How a service is asked."""

    @property
    def timeout(self) -> float:
        """Seconds for a request with its repetitions."""
        ...

    @property
    def max_retries(self) -> int:
        """Repetitions of a request that failed or was throttled."""
        ...

    @property
    def retry_delay(self) -> float:
        """Seconds, the longest first pause before one."""
        ...


class Asked(Protocol):
    """The way to a service, with a blocking or an asynchronous client."""

    @property
    def remote(self) -> Remote:
        """How it is asked."""
        ...

    def guard(self, *, write: bool = False) -> AbstractContextManager[None]:
        """Around every use of a client: its errors become those of the contract."""
        ...

    def pause(self, seconds: float, /) -> Any:
        """Sleep, or what is awaited for it."""
        ...

    def asked_to_wait(self, error: PersistError, /) -> float | None:
        """Seconds after which the service wants to be asked again, where it says so."""
        ...


def ask(engine: Asked, call: Callable[[], Any], *, write: bool = False, once: bool = False) -> Steps[Any]:
    """What a call gives, after repetitions if need be.

    Args:
        engine: the way to the service.
        call: makes one request.
        write: it changes something.
        once: not to be repeated after a failure that leaves its outcome unknown.

    Raises:
        UnavailableError: throttled, failed or not reached, until the deadline or for the last time.
        PersistError: refused.
    """
    deadline = time.monotonic() + engine.remote.timeout
    ambiguous = False
    for left in range(engine.remote.max_retries, -1, -1):
        try:
            with engine.guard(write=write):
                return (yield call())
        except UnavailableError as error:
            ambiguous = error.ambiguous = error.ambiguous or ambiguous  # what an earlier attempt did stays unknown
            if isinstance(error, OperationTimeoutError) or not error.retryable or (error.ambiguous and once):
                raise
            pause = engine.asked_to_wait(error)
            if pause is None:
                retry = engine.remote.max_retries - left
                pause = random.uniform(0.0, engine.remote.retry_delay * 2.0**retry)  # noqa: S311 - jitter
            elif time.monotonic() + pause > deadline:
                error.hint = f"the service asks to wait {pause:g} s, which is longer than timeout="
            if not left or time.monotonic() + pause > deadline:
                raise
        yield engine.pause(pause)
    raise AssertionError("the last attempt returns or raises")
