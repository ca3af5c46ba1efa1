"""How often, how long and after which errors a call is repeated; one policy for sync and async.

Knows errors only, no backend: whether an operation may be repeated at all is the caller's word (``idempotent``).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from .errors import InvalidInputError, OperationTimeoutError, PersistError, UnavailableError
from .validation import check_limit, check_number, check_positive

__all__ = ["NO_RETRY", "RetryPolicy"]

T = TypeVar("T")
_Pauses = Callable[["PersistError"], "float | None"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter: pause k is random between 0 and ``retry_delay * 2**k`` seconds.

    Only retryable errors are followed by another attempt, and never a passed deadline (`OperationTimeoutError`).

    Attributes:
        max_retries: attempts after the first one; 0 never repeats.
        retry_delay: seconds, the longest first pause.
        max_delay: seconds, the longest of any pause.
        deadline: seconds from the first attempt; no pause ends later. None: no deadline.

    Raises:
        InvalidInputError: a number out of range.
    """

    max_retries: int = 3
    retry_delay: float = 0.5
    max_delay: float = 30.0
    deadline: float | None = None

    def __post_init__(self) -> None:
        if check_limit(self.max_retries, "max_retries") is None:
            raise InvalidInputError("max_retries must be an integer of at least 0, got None")
        if check_number(self.retry_delay, "retry_delay") < 0:
            raise InvalidInputError(f"retry_delay must be at least 0 seconds, got {self.retry_delay!r}")
        check_positive(self.max_delay, "max_delay")
        if self.deadline is not None:
            check_positive(self.deadline, "deadline")

    def delays(self) -> Iterator[float]:
        """The pauses in seconds, one per retry."""
        import random  # not needed until something fails

        for retry in range(self.max_retries):
            yield random.uniform(0.0, min(self.max_delay, self.retry_delay * 2.0**retry))  # noqa: S311 - jitter

    def call(self, function: Callable[[], T], *, idempotent: bool = True) -> T:
        """The function's result, after retries if need be.

        Args:
            function: one attempt, from the beginning.
            idempotent: False when a second execution would do harm: then an error that leaves the outcome of the
                first one unknown (``error.ambiguous``) is final.

        Raises:
            PersistError: the last attempt's error. Where that is an `UnavailableError`, which tells nothing of what
                earlier attempts did, it is ambiguous when one of those was.
        """
        began = time.monotonic()
        pauses: _Pauses | None = None
        while True:
            try:
                return function()
            except PersistError as error:
                pauses = pauses or self._pauses(idempotent, began)
                pause = pauses(error)
                if pause is None:
                    raise
            time.sleep(pause)

    async def acall(self, function: Callable[[], Awaitable[T]], *, idempotent: bool = True) -> T:
        """As `call`, for a function that is awaited."""
        began = time.monotonic()
        pauses: _Pauses | None = None
        while True:
            try:
                return await function()
            except PersistError as error:
                pauses = pauses or self._pauses(idempotent, began)
                pause = pauses(error)
                if pause is None:
                    raise
            import asyncio  # not needed by sync stores, and expensive to import

            await asyncio.sleep(pause)

    def _pauses(self, idempotent: bool, began: float) -> _Pauses:
        """For each error in turn: seconds to wait before the next attempt, or None to give up."""
        delays = self.delays()
        end = None if self.deadline is None else began + self.deadline
        ambiguous = False

        def pause_after(error: PersistError) -> float | None:
            nonlocal ambiguous
            if isinstance(error, UnavailableError):
                ambiguous = error.ambiguous = error.ambiguous or ambiguous
            if not error.retryable or (error.ambiguous and not idempotent):
                return None
            if isinstance(error, OperationTimeoutError):  # the caller's patience is over
                return None
            pause = next(delays, None)
            if pause is not None and end is not None and time.monotonic() + pause > end:
                return None
            return pause

        return pause_after


NO_RETRY = RetryPolicy(max_retries=0)
