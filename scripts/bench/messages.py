"""The conversations that both sides write and read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from praison_persist import ConversationMessage, ConversationSession

SMALL, LARGE, LISTED = 100, 10_000, 5_000
TAIL = 20
PAGE = 100
WORKERS = 32
COLUMNS = ("id", "session_id", "role", "content", "tool_calls", "tool_call_id", "metadata", "created_at")
SESSION_COLUMNS = ("session_id", "user_id", "agent_id", "name", "state", "metadata", "created_at", "updated_at")

_TEXT = ("The quick brown fox jumps over the lazy dog. " * 5)[:200]


def message(role: str = "user") -> ConversationMessage:
    """A new message: 200 characters and a little metadata."""
    return ConversationMessage(
        role=role, content=_TEXT, metadata={"model": "example-1", "tokens": 42, "flags": ["a", "b"]}
    )


def messages(count: int) -> list[ConversationMessage]:
    """A conversation."""
    return [message("user" if number % 2 else "assistant") for number in range(count)]


def session(session_id: str, number: int = 0) -> ConversationSession:
    """A session with some metadata; ``number`` makes its times differ."""
    began = 1_700_000_000.0 + number
    return ConversationSession(session_id, "ada", "helper", "A talk", None, {"source": "bench"}, began, began)


def fill(store: Any, sessions: Sequence[str], count: int) -> None:
    """Sessions, each with so many messages; a blocking store."""
    for session_id in sessions:
        store.create_session(session(session_id))
        if count:
            store.add_messages(session_id, messages(count))
