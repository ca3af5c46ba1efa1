"""The sessions that this process saw last: bounded, thread-safe, handing out copies. Does no I/O."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from copy import deepcopy

from praison_persist.conversation import ConversationSession
from praison_persist.errors import ConfigurationError
from praison_persist.validation import check_limit

__all__ = ["DEFAULT_SIZE", "SessionCache", "size_from_env"]

DEFAULT_SIZE = 1024
"""Sessions that are kept unless ``PRAISONAI_SESSION_CACHE_MAX`` (or ``PRAISON_SESSION_CACHE_MAX``) says otherwise."""


def size_from_env() -> int:
    """The size that the environment asks for.

    Raises:
        ConfigurationError: not a whole number of at least 0.
    """
    for name in ("PRAISONAI_SESSION_CACHE_MAX", "PRAISON_SESSION_CACHE_MAX"):
        text = os.environ.get(name, "").strip()
        if text:
            if not text.isdecimal():
                raise ConfigurationError(f"{name} must be a whole number of at least 0, got {text!r}")
            return int(text)
    return DEFAULT_SIZE


class SessionCache:
    """Least recently used sessions are forgotten first.

    Args:
        size: most sessions that are kept, 0 for none.
    """

    def __init__(self, size: int) -> None:
        self._size = check_limit(size, "cache size") or 0
        self._sessions: OrderedDict[str, ConversationSession] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._sessions)

    def put(self, session: ConversationSession) -> None:
        """Remember a copy of the session."""
        copy = deepcopy(session)
        with self._lock:
            self._sessions[copy.session_id] = copy
            self._sessions.move_to_end(copy.session_id)
            while len(self._sessions) > self._size:
                self._sessions.popitem(last=False)

    def get(self, session_id: str) -> ConversationSession | None:
        """A copy of the session as it was remembered, or None."""
        with self._lock:
            session = self._sessions.get(session_id)
            if session is None:
                return None
            self._sessions.move_to_end(session_id)
            return deepcopy(session)

    def forget(self, session_id: str) -> None:
        """Forget one session."""
        with self._lock:
            self._sessions.pop(session_id, None)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._sessions.clear()
