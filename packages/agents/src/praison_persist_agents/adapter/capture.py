"""Sees the tools that an agent of the client calls, which no hook of its adapter protocol reports.

Stands around two public methods of the client's class ``Agent``, once per process. An agent whose database is not ours
is passed through. Imports nothing of the client: it waits until the program has loaded it.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

from ..tools import around_tool

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
        for name in ("execute_tool", "execute_tool_async"):
            method = getattr(agent_class, name, None)
            if callable(method):
                setattr(agent_class, name, around_tool(method, _begin))


def _begin(
    step: int | None,
    agent: Any,
    function_name: str,
    arguments: Any,
    tool_call_id: str | None = None,
    *_: Any,
    **__: Any,
) -> Callable[[Any], None] | None:
    """What takes the result; None where nothing is to be recorded. A tool never fails because of the record."""
    database = getattr(agent, "_db", None)
    session_id = getattr(agent, "_session_id", None)
    begins = getattr(database, "_tool_begins", None)
    if begins is None or not session_id:
        return None
    try:
        call = begins(agent, session_id, function_name, arguments, tool_call_id, step)
    except Exception:
        logger.exception("the call of tool %r was not recorded", function_name)
        return None
    if call is None:
        return None
    turn, identity = call

    def end(result: Any) -> None:
        tools = turn.tools
        if tools is not None:
            tools.end_call(identity, result)

    return end
