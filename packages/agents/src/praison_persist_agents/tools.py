"""Standing around an agent's ``execute_tool`` and ``execute_tool_async``: when a call begins, and with what it ended.

Knows the signature of the client's methods, and imports nothing of it. Changes neither arguments nor results.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from .turn import INTERRUPTED

__all__ = ["around_tool"]

End = Callable[[Any], None]


def around_tool(
    run: Callable[..., Any], begin: Callable[..., End | Awaitable[End | None] | None]
) -> Callable[..., Any]:
    """The method with a call of ``begin`` before it.

    Args:
        run: blocking or a coroutine function; bound, or with the agent as its first argument.
        begin: called with a number (which of the model's messages asked for the call: the client tells it to methods
            that say they accept it; None where it does not) and then as ``run``. It gives what to call with the result,
            or None; for a coroutine function it may be one, too.
    """

    @wraps(run)
    def execute_tool(*args: Any, **kwargs: Any) -> Any:
        end: Any = begin(kwargs.pop(_STEP, None), *args, **kwargs)
        result: Any = INTERRUPTED
        try:
            result = run(*args, **kwargs)
        except Exception as error:
            result = {"error": str(error)}
            raise
        finally:
            if end is not None:
                end(result)
        return result

    @wraps(run)
    async def execute_tool_async(*args: Any, **kwargs: Any) -> Any:
        end: Any = begin(kwargs.pop(_STEP, None), *args, **kwargs)
        if inspect.isawaitable(end):
            end = await end
        result: Any = INTERRUPTED
        try:
            result = await run(*args, **kwargs)
        except Exception as error:
            result = {"error": str(error)}
            raise
        finally:
            if end is not None:
                end(result)
        return result

    method: Any = execute_tool_async if inspect.iscoroutinefunction(run) else execute_tool
    method._accepts_durable_iteration = True
    return method


_STEP = "_durable_iteration_index"
