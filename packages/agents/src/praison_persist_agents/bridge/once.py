"""What an agent of PraisonAI has in its own history is not shown to its model, nor stored, a second time.

Stands around methods of the client's class ``Agent`` until it is undone, for agents that use our session store. The
store alone cannot do it: its two readers do not say which agent they are. Repairs nothing for other stores.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import wraps
from typing import Any
from weakref import WeakKeyDictionary

from praison_persist.errors import PersistError

__all__ = ["say_once"]


def say_once(agent_class: type[Any], store: Any, undo: ExitStack) -> None:
    """Repair two faults of the client, where it has the methods that they are in.

    With ``history=True`` it restores a session into the agent's history, and then shows the model the newest messages
    of the session before that history, with every request. With ``auto_save`` of the session's own id it counts what is
    stored already wrongly, so that a turn may be stored twice.

    Args:
        store: agents that use another session store are left alone.
    """
    earlier: WeakKeyDictionary[Any, list[dict[str, Any]]] = WeakKeyDictionary()

    def initialise(agent: Any, run: Callable[[Any], Any]) -> Any:
        restores = not agent.chat_history  # the client restores nothing beside a history that has begun
        first = agent._session_store is None
        result = run(agent)
        if first and not restores and _uses(agent, store) and agent._history_enabled:
            with suppress(PersistError):  # the client begins without a history then, too
                earlier[agent] = store.get_working_history(agent._session_id, max_messages=agent._history_limit)
        return result

    def load(agent: Any, run: Callable[[Any], Any]) -> Any:
        if _uses(agent, store) and agent._history_session_id == agent._session_id:
            return list(earlier.get(agent, ()))
        return run(agent)

    def save(agent: Any, run: Callable[[Any], Any]) -> Any:
        if _uses(agent, store) and agent.auto_save == agent._session_id:
            saved = getattr(agent, "_auto_save_last_index", 0)
            with suppress(PersistError):  # the client saves nothing then, either
                stored = store.get_chat_history(agent._session_id)
                agent._auto_save_last_index = saved + _overlap(stored, agent.chat_history[saved:])
        return run(agent)

    for name, around in (
        ("_init_session_store", initialise),
        ("_load_session_history", load),
        ("_auto_save_session", save),
    ):
        _replace(agent_class, name, around, undo)


def _uses(agent: Any, store: Any) -> bool:
    return getattr(agent, "_session_store", None) is store


def _overlap(stored: list[dict[str, Any]], unsaved: list[dict[str, Any]]) -> int:
    """How many messages at the start of ``unsaved`` are the last that are stored."""
    told = [(message["role"], message["content"]) for message in stored]
    new = [(message.get("role"), message.get("content")) for message in unsaved]
    return next(count for count in range(min(len(told), len(new)), -1, -1) if told[len(told) - count :] == new[:count])


def _replace(owner: type[Any], name: str, around: Callable[[Any, Any], Any], undo: ExitStack) -> None:
    """Put a method around one of the class; to be undone if it is still there."""
    inherited = getattr(owner, name, None)
    if inherited is None:
        return
    before = vars(owner).get(name)

    @wraps(inherited)
    def method(self: Any) -> Any:
        return around(self, inherited)

    setattr(owner, name, method)

    def put_back() -> None:
        if vars(owner).get(name) is not method:
            return
        if before is None:
            delattr(owner, name)
        else:
            setattr(owner, name, before)

    undo.callback(put_back)
