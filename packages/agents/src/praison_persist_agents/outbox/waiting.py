"""How a hook waits for its writes: blocking or awaited, never longer than its deadline. One text for both forms."""

from __future__ import annotations

import concurrent.futures
import functools
import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from praison_persist.errors import OperationTimeoutError, PersistError

from .jobs import QUEUED, settle

__all__ = ["Posted", "both", "wait"]


@dataclass(frozen=True, slots=True)
class Posted:
    """What was handed to an outbox, and how its results become the hook's.

    Attributes:
        futures: of writes, or of one read as the last.
        result: makes the hook's result of the last future's; None for a hook without one.
        is_read: a read that is late is an error; a write that is late goes on waiting in the queue.
        otherwise: makes the hook's result of the error of a read; None raises it.
    """

    futures: Sequence[Future[Any]] = ()
    result: Callable[[Any], Any] | None = None
    is_read: bool = False
    otherwise: Callable[[PersistError], Any] | None = None


def both(prepare: Callable[..., Posted], name: str) -> tuple[Any, Any]:
    """The blocking hook and its coroutine, of a method that only prepares; with its signature and docstring.

    The object that they are called on has ``hook_timeout``, in seconds, and an ``outbox``.
    """

    @functools.wraps(prepare)
    def blocking(self: Any, *args: Any, **kwargs: Any) -> Any:
        return wait(self, prepare(self, *args, **kwargs), name)

    @functools.wraps(prepare)
    async def awaited(self: Any, *args: Any, **kwargs: Any) -> Any:
        import asyncio

        posted = prepare(self, *args, **kwargs)
        waits = [asyncio.wrap_future(future) for future in posted.futures if not future.done()]
        late: Any = ()
        if waits:
            try:
                _, late = await asyncio.wait(waits, timeout=self.hook_timeout)
            finally:
                for wait in waits:  # what failed is reported below, from the futures themselves
                    wait.add_done_callback(lambda done: done.cancelled() or done.exception())
        return _finish(self, posted, bool(late), name)

    blocking.__name__, awaited.__name__ = name, f"a{name}"
    for function in (blocking, awaited):
        function.__qualname__ = f"{prepare.__qualname__.rpartition('.')[0]}.{function.__name__}"
        function.__signature__ = inspect.signature(prepare)  # type: ignore[attr-defined]
        del function.__wrapped__  # type: ignore[attr-defined]
    return blocking, awaited


def wait(owner: Any, posted: Posted, name: str) -> Any:
    """The result of what was posted, blocking; ``owner`` as in `both`."""
    _, late = concurrent.futures.wait(posted.futures, owner.hook_timeout)
    return _finish(owner, posted, bool(late), name)


def _finish(owner: Any, posted: Posted, late: bool, name: str) -> Any:
    if late:
        error = OperationTimeoutError(
            f"the database gave no answer within {owner.hook_timeout:g} seconds",
            operation=name,
            hint="see status(); raise hook_timeout= if the database may take longer",
        )
        owner.outbox.was_late(error)
        if posted.is_read:
            settle(posted.futures[-1], error=error)
    value: Any = None
    try:
        for future in posted.futures:
            settle(future, QUEUED)  # a write that is late; every other has ended
            value = future.result(0)
    except PersistError as error:
        if posted.otherwise is None:
            raise
        return posted.otherwise(error)
    return posted.result(value) if posted.result is not None else None
