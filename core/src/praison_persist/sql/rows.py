"""Between the contract's objects and table columns: rows are encoded and decoded here, and nowhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from ..conversation import ConversationMessage, ConversationSession, check_message, check_session
from ..jsontext import decode, decode_text, encode, encode_text
from .dialect import Dialect

__all__ = [
    "MESSAGE_COLUMNS",
    "SESSION_COLUMNS",
    "columns",
    "message_from_row",
    "message_params",
    "session_from_row",
    "session_params",
]

SESSION_COLUMNS = ("session_id", "user_id", "agent_id", "name", "state", "metadata", "created_at", "updated_at")
MESSAGE_COLUMNS = (
    "id",
    "session_id",
    "role",
    "content",
    "tool_calls",
    "tool_call_id",
    "metadata",
    "created_at",
)

_JSON_COLUMNS = frozenset({"state", "metadata", "tool_calls"})

_NORMALIZED = re.compile(r"\\u0000|\\u[dD][89abAB]|\d[eE][+-]?\d|-0\.0")
"""What a binary JSON type rejects (NUL, surrogates) or rewrites (exponents, negative zero)."""


def columns(dialect: Dialect, names: Sequence[str]) -> str:
    """The select list for these columns."""
    return ", ".join(dialect.read_json.format(name) if name in _JSON_COLUMNS else name for name in names)


def session_params(dialect: Dialect, session: ConversationSession) -> tuple[Any, ...]:
    """The checked session in the order of `SESSION_COLUMNS`.

    Raises:
        InvalidInputError, SerializationError: the session is outside the contract.
    """
    check_session(session)
    return (
        session.session_id,
        session.user_id,
        session.agent_id,
        session.name,
        _json(dialect, session.state, "state"),
        _json(dialect, session.metadata, "metadata"),
        float(session.created_at),
        float(session.updated_at),
    )


def message_params(dialect: Dialect, session_id: str, message: ConversationMessage) -> tuple[Any, ...]:
    """The checked message in the order of `MESSAGE_COLUMNS`.

    Raises:
        InvalidInputError, SerializationError: the message is outside the contract.
    """
    check_message(message)
    return (
        message.id,
        session_id,
        message.role,
        encode_text(message.content),
        _json(dialect, message.tool_calls, "tool_calls"),
        message.tool_call_id,
        _json(dialect, message.metadata, "metadata"),
        float(message.created_at),
    )


def session_from_row(row: Sequence[Any]) -> ConversationSession:
    """The session of a row in the order of `SESSION_COLUMNS`."""
    session_id, user_id, agent_id, name, state, metadata, created_at, updated_at = row
    return ConversationSession(
        str(session_id),
        user_id,
        agent_id,
        name,
        _unjson(state),
        _unjson(metadata),
        created_at or 0.0,
        updated_at or 0.0,
    )


def message_from_row(row: Sequence[Any]) -> ConversationMessage:
    """The message of a row in the order of `MESSAGE_COLUMNS`."""
    id_, session_id, role, content, tool_calls, tool_call_id, metadata, created_at = row
    return ConversationMessage(
        str(id_),  # a column of type UUID gives an object
        str(session_id),
        role,
        decode_text(content),
        _unjson(tool_calls),
        tool_call_id,
        _unjson(metadata),
        created_at or 0.0,
    )


def _json(dialect: Dialect, value: Any, what: str) -> str | None:
    if value is None:
        return None
    text = encode(value, what)
    if dialect.binary_json and _NORMALIZED.search(text):
        # A JSON string holding the JSON text: dicts and lists are never stored as a string otherwise.
        return json.dumps(text)
    return text


def _unjson(text: str | None) -> Any:
    if text is None:
        return None
    value = decode(text, "JSON column")
    return decode(value, "JSON column") if isinstance(value, str) else value
