"""Conversations as records and back, and the names of their tables. No I/O.

Records, below a table prefix::

    sessions:⟨session id⟩            PraisonAI's fields
    messages:[session id, -seq, message id]
                                     PraisonAI's fields, message_id and seq
    sequences:⟨session id⟩           seq, the last number that a message of the session got
    meta:schema                      version

Negative, so that the newest messages are the first of a range; with the message's id, so that two messages which an
engine gave the same number (seen in memory, when transactions overlap) are both kept. A message of PraisonAI
has its id as the record's, and a session a random one; `migration` gives them these.
"""

from __future__ import annotations

from typing import Any

from surrealdb import RecordID
from surrealdb.data.types.range import BoundExcluded, BoundIncluded, Range

from praison_persist.conversation import ConversationMessage, ConversationSession, check_message, check_session
from praison_persist.jsontext import decode_text, encode_text
from praison_persist.validation import check_identifier

from .values import restored, stored

__all__ = ["Layout", "message_row", "session_row", "to_message", "to_session"]


class Layout:
    """The tables of one prefix. Their names are checked, so they may stand in a query."""

    def __init__(self, prefix: str) -> None:
        check_identifier(prefix, "table_prefix", empty=True, longest=40)
        self.prefix = prefix
        self.sessions, self.messages, self.sequences, self.meta = (
            f"{prefix}{name}" for name in ("sessions", "messages", "sequences", "meta")
        )

    def session(self, session_id: str) -> RecordID:
        """A session's record."""
        return RecordID(self.sessions, session_id)

    def sequence(self, session_id: str) -> RecordID:
        """The record of a session's last number."""
        return RecordID(self.sequences, session_id)

    def range(self, session_id: str, first: int, last: int) -> RecordID:
        """The records of a session's messages numbered from first to last."""
        # Bounds as long as the ids: engines differ in where a shorter list belongs. No message id is empty.
        low, high = BoundIncluded([session_id, -last, ""]), BoundExcluded([session_id, 1 - first, ""])
        return RecordID(self.messages, Range(low, high))


def session_row(session: ConversationSession) -> dict[str, Any]:
    """The fields of a checked session.

    Raises:
        InvalidInputError, SerializationError: the session is outside the contract.
    """
    check_session(session)
    return {
        "session_id": session.session_id,
        "user_id": session.user_id,
        "agent_id": session.agent_id,
        "name": session.name,
        "state": stored(session.state, "state"),
        "metadata": stored(session.metadata, "metadata"),
        "created_at": float(session.created_at),
        "updated_at": float(session.updated_at),
    }


def message_row(session_id: str, message: ConversationMessage) -> dict[str, Any]:
    """The fields of a checked message; the engine adds its number.

    Raises:
        InvalidInputError, SerializationError: the message is outside the contract.
    """
    check_message(message)
    return {
        "session_id": session_id,
        "message_id": message.id,
        "role": message.role,
        "content": encode_text(message.content),
        "tool_calls": stored(message.tool_calls, "tool_calls"),
        "tool_call_id": message.tool_call_id,
        "metadata": stored(message.metadata, "metadata"),
        "created_at": float(message.created_at),
    }


def to_session(row: dict[str, Any]) -> ConversationSession:
    """The session of a record, also of PraisonAI's."""
    return ConversationSession(
        row["session_id"],
        row.get("user_id"),
        row.get("agent_id"),
        row.get("name"),
        restored(row.get("state")),
        restored(row.get("metadata")),
        row.get("created_at") or 0.0,
        row.get("updated_at") or 0.0,
    )


def to_message(row: dict[str, Any]) -> ConversationMessage:
    """The message of a record."""
    return ConversationMessage(
        row["message_id"],
        row["session_id"],
        row["role"],
        decode_text(row.get("content")),
        restored(row.get("tool_calls")),
        row.get("tool_call_id"),
        restored(row.get("metadata")),
        row.get("created_at") or 0.0,
    )
