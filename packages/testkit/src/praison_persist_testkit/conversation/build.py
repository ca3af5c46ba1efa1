"""Short ways to make sessions and messages for the clauses. No store here."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from praison_persist.conversation import ConversationMessage, ConversationSession

from ..running import Handle

__all__ = ["SID", "as_stored", "contents", "ids", "message", "messages", "new_session", "session"]

SID = "session-1"


def session(session_id: str = SID, **fields: Any) -> ConversationSession:
    """A session."""
    return ConversationSession(session_id=session_id, **fields)


def message(content: Any = "hello", role: Any = "user", **fields: Any) -> ConversationMessage:
    """A message of the user."""
    return ConversationMessage(content=content, role=role, **fields)


def messages(count: int, prefix: str = "m", **fields: Any) -> list[ConversationMessage]:
    """``count`` messages with ids and contents ``m0``, ``m1`` ..."""
    return [message(f"{prefix}{i}", id=f"{prefix}{i}", **fields) for i in range(count)]


def as_stored(given: Sequence[ConversationMessage], session_id: str = SID) -> list[ConversationMessage]:
    """Copies of messages as the store must give them back, made before a store sees (and may change) the originals."""
    return [replace(copy.deepcopy(item), session_id=session_id) for item in given]


async def new_session(store: Handle, session_id: str = SID, count: int = 0, **fields: Any) -> list[ConversationMessage]:
    """Create a session with ``count`` messages, each appended by a call of its own; the messages."""
    await store.create_session(session(session_id))
    written = as_stored(messages(count, **fields), session_id)
    for item in written:
        await store.add_message(session_id, copy.deepcopy(item))
    return written


async def contents(store: Handle, session_id: str = SID, **arguments: Any) -> list[Any]:
    """The contents of `get_messages`."""
    return [item.content for item in await store.get_messages(session_id, **arguments)]


async def ids(store: Handle, session_id: str = SID, **arguments: Any) -> list[str]:
    """The ids of `get_messages`."""
    return [item.id for item in await store.get_messages(session_id, **arguments)]
