"""What stays in a session's active window, and what a model is shown of it. Pure: lists in, lists out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from praison_persist.errors import ConfigurationError
from praison_persist.validation import check_limit

from .records import CompactionCheckpoint, SessionData, SessionMessage

__all__ = ["DEFAULT_MAX_MESSAGES", "Retention", "spoken", "tail", "without_tools", "working_history"]

DEFAULT_MAX_MESSAGES = 100

_PREFIX = "[Session Summary]"
_COUNTED = " earlier messages are archived:"
_FIRST, _LAST, _EXCERPT = 5, 15, 160
_GAP = "…"


@dataclass(frozen=True, slots=True)
class Retention:
    """How many messages stay active, and what becomes of the older ones.

    Attributes:
        window: active messages, a summary not counted; at least 1.
        policy: ``"compact"`` archives them and puts a short summary in their place, ``"truncate"`` deletes them,
            ``"keep_all"`` leaves them.

    Raises:
        ConfigurationError: no such policy, or a window below 1.
    """

    window: int = DEFAULT_MAX_MESSAGES
    policy: str = "compact"

    def __post_init__(self) -> None:
        if not check_limit(self.window, "max_messages"):
            raise ConfigurationError(f"max_messages must be at least 1, got {self.window!r}")
        if self.policy not in ("compact", "truncate", "keep_all"):
            raise ConfigurationError(
                f"retention must be 'compact', 'truncate' or 'keep_all', not {self.policy!r}",
                hint="'compact' archives what leaves the window; only 'truncate' deletes it",
            )

    def apply(self, session: SessionData) -> None:
        """Bring the session's messages back into the window."""
        summary, messages = _split(session.messages)
        if self.policy == "keep_all" or len(messages) <= self.window:
            return
        start = len(messages) - self.window
        while start and messages[start].role == "tool":  # results stay with their call, be there one more or less
            start -= 1
        overflow, kept = messages[:start], messages[start:]
        if not overflow:
            return
        if self.policy == "compact":
            session.archived_messages = [*session.archived_messages, *overflow]
            summary = _summarise(overflow, summary)
        before = len(session.messages)
        session.messages = kept if summary is None else [summary, *kept]
        if session.last_compaction is not None:
            index = session.last_compaction.message_index - (before - len(session.messages))
            session.last_compaction = replace(session.last_compaction, message_index=max(0, index))


def _split(messages: list[SessionMessage]) -> tuple[SessionMessage | None, list[SessionMessage]]:
    if messages and messages[0].is_summary:
        return messages[0], messages[1:]
    return None, messages


def _summarise(overflow: Sequence[SessionMessage], prior: SessionMessage | None) -> SessionMessage:
    """The first and the last of everything that was said, in a bounded text; no model is asked."""
    count = len(overflow)
    lines: list[str] = []
    if prior is not None:
        known = prior.metadata.get("compacted_count")
        count += known if isinstance(known, int) else 0
        text = prior.content if isinstance(prior.content, str) else ""
        lines = [line for line in text.removeprefix(_PREFIX).splitlines() if line and not line.endswith(_COUNTED)]
    lines += [f"{message.role}: {_excerpt(message)}" for message in overflow if _excerpt(message)]
    if len(lines) > _FIRST + _LAST:
        first = [line for line in lines[:_FIRST] if line != _GAP]
        lines = [*first, _GAP, *lines[-_LAST:]]
    content = "\n".join([_PREFIX, f"{count}{_COUNTED}", *lines])
    return SessionMessage(
        "system", content, overflow[-1].timestamp, metadata={"compaction": True, "compacted_count": count}
    )


def _excerpt(message: SessionMessage) -> str:
    text = " ".join(spoken(message).split())
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + _GAP


def spoken(message: SessionMessage) -> str:
    """The text of a message; of parts, that of the text parts."""
    if isinstance(message.content, list):
        parts = (part.get("text") if isinstance(part, dict) else part for part in message.content)
        return "\n".join(part for part in parts if isinstance(part, str))
    return message.content or ""


def tail(messages: list[SessionMessage], limit: int | None) -> list[SessionMessage]:
    """The newest messages, without tool results at their start whose call is not among them.

    Args:
        limit: at most so many; None for all.
    """
    start = 0 if check_limit(limit, "max_messages") is None else max(0, len(messages) - (limit or 0))
    while start < len(messages) and messages[start].role == "tool":
        start += 1
    return messages[start:]


def working_history(session: SessionData, limit: int | None) -> list[SessionMessage]:
    """The messages that a resumed model needs: the last checkpoint and what followed it, or the window."""
    checkpoint = session.last_compaction
    if checkpoint is None:
        summary, messages = _split(session.messages)
        return _headed(summary, messages, limit)
    return _headed(_told(checkpoint), session.messages[max(0, checkpoint.message_index) :], limit)


def _headed(head: SessionMessage | None, messages: list[SessionMessage], limit: int | None) -> list[SessionMessage]:
    if head is None or limit == 0:
        return tail(messages, limit)
    return [head, *tail(messages, None if limit is None else limit - 1)]


def _told(checkpoint: CompactionCheckpoint) -> SessionMessage:
    return SessionMessage(checkpoint.role, checkpoint.summary, checkpoint.timestamp)


def without_tools(messages: list[SessionMessage]) -> list[dict[str, Any]]:
    """``{"role", "content"}`` of each message, with tool calls and their results told in the assistant's text.

    PraisonAI's Agent restores these two keys only. A message of role ``tool`` without ``tool_call_id`` is refused by
    model providers, so the text is the form in which a tool exchange survives that.
    """
    results = {message.tool_call_id: message for message in messages if message.role == "tool" and message.tool_call_id}
    history: list[dict[str, Any]] = []
    told: set[str] = set()
    for message in messages:
        if message.tool_calls:
            calls = [_tell(call, results.get(str(call.get("id")))) for call in message.tool_calls]
            told.update(call["id"] for call in message.tool_calls if call.get("id"))
            text = [spoken(message)] if spoken(message) else []
            history.append({"role": message.role, "content": "\n".join([*text, *calls])})
        elif message.role != "tool":
            history.append({"role": message.role, "content": message.content})
        elif message.tool_call_id not in told:
            history.append({"role": "assistant", "content": f"[A tool returned: {spoken(message)}]"})
    return history


def _tell(call: dict[str, Any], result: SessionMessage | None) -> str:
    function = call.get("function")
    function = function if isinstance(function, dict) else call
    arguments = function.get("arguments", "")
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    outcome = f"it returned: {spoken(result)}" if result is not None else "no result was recorded"
    return f"[Called {function.get('name', 'a tool')}({text}); {outcome}]"
