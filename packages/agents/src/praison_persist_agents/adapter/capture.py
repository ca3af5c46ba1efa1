"""Sees the tools that an agent of the client calls, which no hook of its adapter protocol reports.

Stands around two public methods of the client's class ``Agent``, once per process. An agent whose database is not ours
is passed through. Imports nothing of the client: it waits until the program has loaded it.
"""

from __future__ import annotations

import logging
import sys
import threading
from functools import wraps
from typing import Any

from ..turn import INTERRUPTED

__all__ = ["watch_tools"]

logger = logging.getLogger(__name__)

_lock = threading.Lock()
_watched: set[type[Any]] = set()


def watch_tools() -> None:
    """Watch the client's agents, if the client is loaded; calling it again costs nothing."""
    module = sys.modules.get("praisonaiagents.agent.agent")
    agent_class = getattr(module, "Agent", None)
    if agent_class is None or agent_class in _watched:
        return
    with _lock:
        if agent_class in _watched:
            return
        _watched.add(agent_class)
        for name, around in (("execute_tool", _around), ("execute_tool_async", _around_async)):
            method = getattr(agent_class, name, None)
            if callable(method):
                setattr(agent_class, name, around(method))


def _around(run: Any) -> Any:
    @wraps(run)
    def execute_tool(
        agent: Any, function_name: str, arguments: Any, tool_call_id: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        call = _begin(agent, function_name, arguments, tool_call_id, kwargs)
        result: Any = INTERRUPTED
        try:
            result = run(agent, function_name, arguments, tool_call_id, *args, **kwargs)
        except Exception as error:
            result = {"error": str(error)}
            raise
        finally:
            _end(call, result)
        return result

    execute_tool._accepts_durable_iteration = True  # type: ignore[attr-defined] # the client then numbers the steps
    return execute_tool


def _around_async(run: Any) -> Any:
    @wraps(run)
    async def execute_tool_async(
        agent: Any, function_name: str, arguments: Any, tool_call_id: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        call = _begin(agent, function_name, arguments, tool_call_id, kwargs)
        result: Any = INTERRUPTED
        try:
            result = await run(agent, function_name, arguments, tool_call_id, *args, **kwargs)
        except Exception as error:
            result = {"error": str(error)}
            raise
        finally:
            _end(call, result)
        return result

    execute_tool_async._accepts_durable_iteration = True  # type: ignore[attr-defined]
    return execute_tool_async


def _begin(agent: Any, name: str, arguments: Any, call_id: str | None, kwargs: dict[str, Any]) -> Any:
    """What `_end` needs; None where nothing is to be recorded. A tool never fails because of the record."""
    step = kwargs.pop("_durable_iteration_index", None)
    database = getattr(agent, "_db", None)
    session_id = getattr(agent, "_session_id", None)
    begins = getattr(database, "_tool_begins", None)
    if begins is None or not session_id:
        return None
    try:
        return begins(agent, session_id, name, arguments, call_id, step)
    except Exception:
        logger.exception("the call of tool %r was not recorded", name)
        return None


def _end(call: Any, result: Any) -> None:
    if call is not None:
        turn, identity = call
        tools = turn.tools
        if tools is not None:
            tools.end_call(identity, result)
