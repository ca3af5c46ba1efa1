"""What the adapter hands out: messages, runs and traces in the shape of PraisonAI's own classes. Does no I/O.

Where the client is loaded its classes are used, so that ``isinstance`` holds; else equal dataclasses of ours.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from praison_persist.conversation import ConversationMessage

__all__ = [
    "DbMessage",
    "DbRun",
    "DbSpan",
    "DbToolCall",
    "DbTrace",
    "message_record",
    "run_record",
    "shows_tool_turns",
    "trace_record",
]


@dataclass
class DbToolCall:
    """One call of a tool: arguments, result, seconds since the epoch, milliseconds."""

    tool_name: str
    args: dict[str, Any]
    result: Any = None
    call_id: str | None = None
    timestamp: float = field(default_factory=time.time)
    duration_ms: float | None = None
    error: str | None = None


@dataclass
class DbMessage:
    """One message; ``tool_calls`` are dictionaries in OpenAI's shape, as the model was shown them."""

    role: str
    content: Any
    metadata: dict[str, Any] = field(default_factory=dict)
    timestamp: float = field(default_factory=time.time)
    id: str | None = None
    tool_calls: list[Any] | None = None
    tool_call_id: str | None = None
    run_id: str | None = None


@dataclass
class DbRun:
    """One run (turn) of an agent; ``status`` is running, completed, error or cancelled."""

    run_id: str
    session_id: str
    agent_name: str
    started_at: float = field(default_factory=time.time)
    ended_at: float | None = None
    status: str = "running"
    input_content: str | None = None
    output_content: str | None = None
    messages: list[DbMessage] = field(default_factory=list)
    tool_calls: list[DbToolCall] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)


@dataclass
class DbSpan:
    """A part of a trace."""

    span_id: str
    trace_id: str
    name: str
    started_at: float = field(default_factory=time.time)
    ended_at: float | None = None
    parent_span_id: str | None = None
    status: str = "running"
    attributes: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class DbTrace:
    """A trace: spans that belong together."""

    trace_id: str
    session_id: str | None = None
    run_id: str | None = None
    agent_name: str | None = None
    user_id: str | None = None
    started_at: float = field(default_factory=time.time)
    ended_at: float | None = None
    status: str = "running"
    spans: list[DbSpan] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)


def shows_tool_turns() -> bool:
    """Whether who reads the messages keeps their tool fields; older clients show the model role and content only."""
    theirs = getattr(sys.modules.get("praisonaiagents.db.protocol"), "DbMessage", DbMessage)
    return any(each.name == "tool_call_id" for each in fields(theirs))


def _build(ours: type[Any], values: Mapping[str, Any]) -> Any:
    """An instance of the client's class of this name; fields that an older client does not have become attributes."""
    chosen = getattr(sys.modules.get("praisonaiagents.db.protocol"), ours.__name__, ours)
    known = {each.name for each in fields(chosen)}
    record = chosen(**{name: value for name, value in values.items() if name in known})
    for each in fields(ours):
        if each.name not in known:
            setattr(record, each.name, values.get(each.name))
    return record


def message_record(message: ConversationMessage) -> Any:
    """A `DbMessage`."""
    metadata = dict(message.metadata or {})
    return _build(
        DbMessage,
        {
            "role": message.role,
            "content": message.content,
            "metadata": metadata,
            "timestamp": message.created_at,
            "id": message.id,
            "tool_calls": message.tool_calls,
            "tool_call_id": message.tool_call_id,
            "run_id": metadata.get("run_id"),
        },
    )


def run_record(data: Mapping[str, Any]) -> Any:
    """A `DbRun` from what is stored."""
    values = _only(DbRun, data)
    values.setdefault("agent_name", (data.get("metadata") or {}).get("agent_name") or "")
    return _build(DbRun, values)


def trace_record(data: Mapping[str, Any], spans: Sequence[Mapping[str, Any]]) -> Any:
    """A `DbTrace` with its spans, in the order in which they began."""
    ordered = sorted(spans, key=lambda span: span.get("started_at") or 0.0)
    return _build(DbTrace, {**_only(DbTrace, data), "spans": [_build(DbSpan, _only(DbSpan, span)) for span in ordered]})


def _only(shape: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    names = {each.name for each in fields(shape)}
    return {name: value for name, value in data.items() if name in names}
