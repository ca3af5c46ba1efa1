"""What the adapter does to a conversation store, synchronously: sessions that always exist, messages, history."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from praison_persist.conversation import ConversationMessage, ConversationSession

from ..context import begins_inside_a_turn, newest_turns
from ..dispatch import Stores
from ..operations import add_messages, change_session, merge_metadata, start_session

__all__ = ["SessionWrites"]

_KEPT_IDS = 100_000
_CALL_SIZE = 1_000_000
"""Characters of content that one call of the store takes, unless one hook's messages alone are longer."""


class SessionWrites:
    """A conversation store as the adapter uses it; safe in threads, every method may be repeated after an error."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self._stores = Stores(store, None, None)
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def after_fork(self) -> None:
        """The lock may have been held by a thread that the child does not have."""
        self._lock = threading.Lock()

    def ensure(self, seed: ConversationSession) -> ConversationSession:
        """The stored session, created from the seed if need be; of two that create it at once none fails.

        Where it exists, a user or agent that it lacks is filled in.
        """
        try:
            stored, _ = self._stores.run(start_session(seed))
        except Exception:  # stores of other projects have errors of their own for a lost race
            stored = self.store.get_session(seed.session_id)
            if stored is None:
                raise
        missing = {
            name: getattr(seed, name)
            for name in ("user_id", "agent_id")
            if getattr(stored, name) is None and getattr(seed, name) is not None
        }
        if missing:
            stored = self.change(seed.session_id, lambda found: _fill_in(found, missing))
        with self._lock:
            if len(self._known) >= _KEPT_IDS:
                self._known.clear()
            self._known.add(seed.session_id)
        return stored

    def ensure_once(self, seed: ConversationSession) -> None:
        """`ensure`, unless this process saw the session already."""
        if seed.session_id not in self._known:
            self.ensure(seed)

    def add(self, seed: ConversationSession, messages: Sequence[ConversationMessage]) -> None:
        """Append messages, all or none where the store can; the session is created if need be."""
        self.ensure_once(seed)
        self._stores.run(add_messages(seed, messages))

    def add_all(self, seed: ConversationSession, batches: Sequence[Sequence[ConversationMessage]]) -> None:
        """`add` each batch, many with one call of the store; an error leaves some of them stored, each whole."""
        together: list[ConversationMessage] = []
        size = 0
        for batch in batches:
            more = sum(len(str(message.content)) for message in batch)
            if together and size + more > _CALL_SIZE:
                self.add(seed, together)
                together, size = [], 0
            together.extend(batch)
            size += more
        self.add(seed, together)

    def history(self, session_id: str, limit: int | None) -> list[ConversationMessage]:
        """The newest messages, with the tool turn that they begin with whole."""
        messages = self.store.get_messages(session_id, limit)
        asked = limit
        while asked and begins_inside_a_turn(messages) and len(messages) == asked:
            asked *= 2
            messages = self.store.get_messages(session_id, asked)
        return messages if limit is None else newest_turns(messages, limit)

    def change(self, session_id: str, change: Callable[[ConversationSession], object]) -> ConversationSession:
        """See `ConversationStore.change_session`."""
        return self._stores.run(change_session(session_id, change))

    def merge_metadata(self, session_id: str, changes: Mapping[str, Any]) -> None:
        """Set keys in the stored session's metadata; what others set stays. Nothing where there is no such session."""
        self._stores.run(merge_metadata(session_id, changes))


def _fill_in(session: ConversationSession, missing: Mapping[str, Any]) -> None:
    for name, value in missing.items():
        if getattr(session, name) is None:
            setattr(session, name, value)
