"""Waiting until an engine shows something, as steps for blocking and asynchronous clients. Knows no engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .errors import OperationTimeoutError
from .steps import Steps

__all__ = ["until"]

_FIRST_PAUSE, _GROWTH, _LONGEST_PAUSE = 0.02, 1.5, 2.0


def until(pause: Callable[[float], Any], seen: Callable[[], Steps[bool]], seconds: float, what: str) -> Steps[None]:
    """Look until something is seen.

    Args:
        pause: ``time.sleep`` or ``asyncio.sleep``.
        seen: looks once.
        seconds: after which it is given up.
        what: that has not happened, for the error.

    Raises:
        OperationTimeoutError: it was not seen in time.
    """
    deadline, wait = time.monotonic() + seconds, _FIRST_PAUSE
    while not (yield seen()):
        if time.monotonic() + wait > deadline:
            raise OperationTimeoutError(f"{what} after {seconds:g} s", hint="it may still happen; look again later")
        yield pause(wait)
        wait = min(wait * _GROWTH, _LONGEST_PAUSE)
