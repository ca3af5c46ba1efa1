"""What of a stored conversation a model may be shown: whole tool turns only, the newest first choice. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from praison_persist.conversation import ConversationMessage

__all__ = ["MISSING_RESULT", "begins_inside_a_turn", "call_identity", "for_model", "newest_turns", "whole_turns"]

MISSING_RESULT = "[The result of this tool call was lost: the run ended before it was stored.]"
"""Content of the message that stands in for the result of a call that has none."""


def begins_inside_a_turn(messages: Sequence[ConversationMessage]) -> bool:
    """Whether the call that the first message answers lies before the first message."""
    return bool(messages) and messages[0].role == "tool"


def newest_turns(messages: Sequence[ConversationMessage], limit: int) -> list[ConversationMessage]:
    """The newest ``limit`` messages, and those before them that complete the tool turn which they begin with."""
    start = max(len(messages) - limit, 0)
    while 0 < start < len(messages) and messages[start].role == "tool":
        start -= 1
    return list(messages[start:])


def whole_turns(messages: Sequence[ConversationMessage]) -> list[ConversationMessage]:
    """The messages as a provider takes them: every tool call is followed by its results, no result is without a call.

    Results keep their order; one that was stored later than another message is moved to its call. A call without a
    result gets one with the content `MISSING_RESULT` and ``metadata={"missing": True}``, which is not stored. A result
    without a call is left out.
    """
    turns: list[ConversationMessage] = []
    for position, message in enumerate(messages):
        if message.role == "tool":
            continue
        turns.append(message)
        wanted = [call_id for call in message.tool_calls or () if (call_id := call_identity(call))]
        found = _results(messages, position, wanted)
        turns += found.values()
        turns += [_missing(message, call_id) for call_id in wanted if call_id not in found]
    return turns


def call_identity(call: Any) -> str | None:
    """The id of a tool call, None when it has none."""
    return call.get("id") if isinstance(call, dict) else getattr(call, "id", None)


def _results(
    messages: Sequence[ConversationMessage], position: int, wanted: list[str]
) -> dict[str, ConversationMessage]:
    found: dict[str, ConversationMessage] = {}
    for candidate in messages[position + 1 :] if wanted else ():
        open_calls = [call_id for call_id in wanted if call_id not in found]
        # Some models number their calls anew in every turn: results behind such a call are its own.
        if not open_calls or any(call_identity(call) in open_calls for call in candidate.tool_calls or ()):
            break
        if candidate.role == "tool" and candidate.tool_call_id in open_calls:
            found[candidate.tool_call_id] = candidate
    return found


def _missing(message: ConversationMessage, call_id: str) -> ConversationMessage:
    return ConversationMessage(
        id=f"{message.id}:{call_id}:missing"[:255],
        session_id=message.session_id,
        role="tool",
        content=MISSING_RESULT,
        tool_call_id=call_id,
        metadata={"missing": True},
        created_at=message.created_at,
    )


def for_model(messages: Sequence[ConversationMessage]) -> list[dict[str, Any]]:
    """The whole turns as chat messages: role, content, and ``tool_calls`` or ``tool_call_id`` where there are any."""
    shown: list[dict[str, Any]] = []
    for message in whole_turns(messages):
        entry: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.tool_calls:
            entry["tool_calls"] = message.tool_calls
        if message.tool_call_id is not None:
            entry["tool_call_id"] = message.tool_call_id
        shown.append(entry)
    return shown
