"""Runs LightRAG's coroutines for blocking callers.

On the one background loop of the process, and on no other: LightRAG's locks are those of a module, so two loops that
use it get in each other's way. Knows nothing of what runs.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from praison_persist.background import background_loop
from praison_persist.errors import UnsupportedError

__all__ = ["run"]

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result; an interrupt cancels it.

    Raises:
        UnsupportedError: the caller runs on that loop, as LightRAG's model functions do; it would wait for itself.
    """
    loop = background_loop()
    if loop.is_current:
        coroutine.close()
        raise UnsupportedError(
            "a blocking call on the loop that LightRAG runs on would wait for itself",
            hint="await LightRAG's own methods there, or call the store with asyncio.to_thread",
        )
    future = loop.start(coroutine)
    try:
        return future.result()
    except BaseException:
        future.cancel()  # an interrupt; where the coroutine failed it has ended
        raise
