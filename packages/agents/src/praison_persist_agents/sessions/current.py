"""The session stores of this process: created on first use, or put in by the program."""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

from .default import DefaultSessionStore, default_session_dir
from .hierarchical import HierarchicalSessionStore
from .retention import Retention

__all__ = ["get_default_session_store", "get_hierarchical_session_store", "set_default_session_store"]

_logger = logging.getLogger(__name__)

_lock = threading.RLock()
_created: dict[type[Any], DefaultSessionStore] = {}
_given: Any = None


def get_default_session_store() -> Any:
    """The process's session store: the one given to `set_default_session_store`, else a `DefaultSessionStore`.

    That one follows ``PRAISONAI_HOME`` when it changes, and takes ``PRAISONAI_SESSION_RETENTION`` ("compact",
    "truncate", "keep_all") and ``PRAISONAI_SESSION_ACTIVE_WINDOW`` (messages) when it is created.
    """
    return _given if _given is not None else _store(DefaultSessionStore)


def get_hierarchical_session_store() -> HierarchicalSessionStore:
    """The process's `HierarchicalSessionStore`, in the same directory and with the same settings."""
    store = _store(HierarchicalSessionStore)
    assert isinstance(store, HierarchicalSessionStore)  # noqa: S101 - by its class
    return store


def set_default_session_store(store: Any) -> Any:
    """From now on `get_default_session_store` is this store; None goes back to the usual one. Returns the one before.

    Args:
        store: any session store. PraisonAI's agents ask their own module: use `praison_persist_agents.activate`.
    """
    global _given
    with _lock:
        before, _given = _given, store
    return before


def _store(kind: type[DefaultSessionStore]) -> DefaultSessionStore:
    directory = default_session_dir()
    with _lock:
        store = _created.get(kind)
        if store is None or store.session_dir != str(directory):
            retention, window = _settings()
            store = _created[kind] = kind(directory, retention=retention, active_window=window)
        return store


def _settings() -> tuple[str | None, int | None]:
    """Retention and window of the environment; a wrong value is left out with a warning, since agents go on."""
    retention = os.environ.get("PRAISONAI_SESSION_RETENTION") or None
    window: int | None = None
    try:
        if text := os.environ.get("PRAISONAI_SESSION_ACTIVE_WINDOW"):
            window = int(text)
            Retention(window)
    except ValueError:
        _logger.warning("PRAISONAI_SESSION_ACTIVE_WINDOW is no number of messages; it is ignored")
        window = None
    try:
        Retention(policy=retention or "compact")
    except ValueError as error:
        _logger.warning("PRAISONAI_SESSION_RETENTION is ignored: %s", error)
        retention = None
    return retention, window
