"""A session as data: its messages and fields, in the JSON shape of PraisonAI's session files.

No I/O and no policy: what a window keeps is `retention`, what a file looks like is `document`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timezone
from typing import Any, Union

from praison_persist.errors import InvalidInputError
from praison_persist.jsontext import encode
from praison_persist.validation import check_id, check_optional_id

from .snapshots import SessionSnapshot, pool, unpool

__all__ = [
    "MIRRORED",
    "CompactionCheckpoint",
    "Content",
    "SessionData",
    "SessionMessage",
    "check_session_id",
    "new_message",
    "now",
    "plain",
]

Content = Union[str, list[Any], None]

MIRRORED = ("model", "llm", "total_tokens", "token_count", "cost", "source", "reasoning_effort")
"""Metadata that PraisonAI repeats at the top level of a file, and reads from there in older files."""

_LONGEST_ID = 4096


def now() -> str:
    """The time as it stands in session files: ISO 8601, UTC."""
    return datetime.now(timezone.utc).isoformat()


def check_session_id(session_id: Any) -> str:
    """The id, if it can name a session: 1 to 4096 characters without NUL and lone surrogates.

    Raises:
        InvalidInputError: it cannot.
    """
    return check_id(session_id, "session_id", longest=_LONGEST_ID)


@dataclass(frozen=True, slots=True)
class SessionMessage:
    """One message; to change it, replace it.

    Attributes:
        role: ``"user"``, ``"assistant"``, ``"tool"``, ``"system"`` ...
        content: text, a list of JSON parts, or None.
        timestamp: seconds since the epoch.
        tool_calls: of an assistant's message, in OpenAI's shape.
        tool_call_id: of a tool's message: the call that it answers.
        id: given by stores that keep messages as rows, else ``""``.
    """

    role: str
    content: Content = ""
    timestamp: float = field(default_factory=time.time)
    metadata: dict[str, Any] = field(default_factory=dict)
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None
    id: str = ""

    @property
    def is_summary(self) -> bool:
        """Whether it stands for archived messages."""
        return bool(self.metadata.get("compaction"))

    @property
    def is_partial(self) -> bool:
        """Whether it is an answer that was still being streamed."""
        return self.role == "assistant" and bool(self.metadata.get("partial"))

    def to_dict(self) -> dict[str, Any]:
        """The message as files have it; tool fields and id only where there are some."""
        data: dict[str, Any] = {
            "role": self.role,
            "content": self.content,
            "timestamp": self.timestamp,
            "metadata": self.metadata,
        }
        if self.tool_calls:
            data["tool_calls"] = self.tool_calls
        if self.tool_call_id is not None:
            data["tool_call_id"] = self.tool_call_id
        if self.id:
            data["id"] = self.id
        return data

    def to_llm_message(self) -> dict[str, Any]:
        """The message as a model's API takes it."""
        message: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.tool_calls:
            message["tool_calls"] = self.tool_calls
        if self.tool_call_id is not None:
            message["tool_call_id"] = self.tool_call_id
        return message

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SessionMessage:
        """A message of a file; what is missing gets its default."""
        timestamp = data.get("timestamp")
        metadata = data.get("metadata")
        return cls(
            role=data.get("role") or "user",
            content=data.get("content", ""),
            timestamp=float(timestamp) if isinstance(timestamp, (int, float)) else time.time(),
            metadata=metadata if isinstance(metadata, dict) else {},
            tool_calls=data.get("tool_calls") or None,
            tool_call_id=data.get("tool_call_id"),
            id=data.get("id") or "",
        )


def new_message(
    role: Any,
    content: Any,
    metadata: Any = None,
    tool_calls: Any = None,
    tool_call_id: Any = None,
    timestamp: float | None = None,
) -> SessionMessage:
    """A message from a caller's arguments, checked and independent of them.

    Raises:
        InvalidInputError: a role, content or tool field that no store keeps.
        SerializationError: a value that is not JSON.
    """
    check_id(role, "role", longest=50)
    check_optional_id(tool_call_id, "tool_call_id")
    if content is not None and not isinstance(content, (str, list)):
        raise InvalidInputError(f"content must be text, a list of parts or None, not {type(content).__name__}")
    if metadata is not None and not isinstance(metadata, Mapping):
        raise InvalidInputError(f"metadata must be a mapping or None, not {type(metadata).__name__}")
    if tool_calls is not None and not isinstance(tool_calls, (list, tuple)):
        raise InvalidInputError(f"tool_calls must be a list or None, not {type(tool_calls).__name__}")
    return SessionMessage(
        role,
        content if content is None or isinstance(content, str) else plain(content, "content"),
        time.time() if timestamp is None else timestamp,
        plain(dict(metadata or {}), "metadata"),
        plain(list(tool_calls), "tool_calls") if tool_calls else None,
        tool_call_id,
    )


def plain(value: Any, what: str) -> Any:
    """A copy of a JSON value.

    Raises:
        SerializationError: it is not one.
    """
    import json

    return json.loads(encode(value, what))


@dataclass(frozen=True, slots=True)
class CompactionCheckpoint:
    """A summary that replaces, for the model, the messages before ``message_index``."""

    summary: str
    message_index: int = 0
    role: str = "system"
    tokens_before: int = 0
    tokens_after: int = 0
    timestamp: float = field(default_factory=time.time)
    metadata: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The checkpoint as files have it."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CompactionCheckpoint:
        """A checkpoint of a file; unknown keys are dropped."""
        known = {name: data[name] for name in cls.__slots__ if name in data}
        return cls(**{"summary": "", **known})


@dataclass(slots=True)
class SessionData:
    """A session. Stores hand out copies: changing one changes nothing that is stored.

    Attributes:
        messages: the active window, oldest first; its first message may be a summary of the archive.
        archived_messages: what left the window, oldest first, where it was asked for.
        created_at, updated_at: ISO 8601, UTC.
        agent_id, gateway_session_id: of the gateway that serves the session.
        runtime_state: by runtime id, then turn id.
        last_compaction: the checkpoint that `get_working_history` starts from.
        parent_id, children_ids, forked_from_message_id, snapshots, is_shared, title: see `HierarchicalSessionStore`.
        extra: what else a file held; it is written back.
        cleared, rewritten: for the store: all messages were removed, the active ones are all new.
    """

    session_id: str
    messages: list[SessionMessage] = field(default_factory=list)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    agent_name: str | None = None
    user_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    gateway_session_id: str | None = None
    agent_id: str | None = None
    runtime_state: dict[str, dict[str, Any]] = field(default_factory=dict)
    archived_messages: list[SessionMessage] = field(default_factory=list)
    last_compaction: CompactionCheckpoint | None = None
    parent_id: str | None = None
    forked_from_message_id: str | None = None
    children_ids: list[str] = field(default_factory=list)
    snapshots: list[SessionSnapshot] = field(default_factory=list)
    is_shared: bool = False
    title: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    cleared: bool = False
    rewritten: bool = False

    def forget(self) -> None:
        """Remove every message, the archived ones too."""
        self.messages, self.archived_messages = [], []
        self.last_compaction = None
        self.cleared = True

    def get_chat_history(self, max_messages: int | None = None) -> list[dict[str, Any]]:
        """See `SessionStore.get_chat_history`."""
        from .retention import tail  # it works on this class

        return [message.to_llm_message() for message in tail(self.messages, max_messages)]

    def head(self) -> dict[str, Any]:
        """Everything but the messages, as files have it."""
        data: dict[str, Any] = {
            "session_id": self.session_id,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "agent_name": self.agent_name,
            "user_id": self.user_id,
            "metadata": self.metadata,
            "gateway_session_id": self.gateway_session_id,
            "agent_id": self.agent_id,
            "runtime_state": self.runtime_state,
        }
        if self.last_compaction is not None:
            data["last_compaction"] = self.last_compaction.to_dict()
        for name in ("parent_id", "forked_from_message_id", "children_ids", "is_shared", "title"):
            if value := getattr(self, name):
                data[name] = value
        data.update((name, self.metadata[name]) for name in MIRRORED if name in self.metadata)
        return {**self.extra, **data}

    def to_dict(self, *, pooled: bool = False) -> dict[str, Any]:
        """The session as PraisonAI writes it.

        Args:
            pooled: messages that several snapshots share stand there once, as in files; else each has its own.
        """
        data = {
            **self.head(),
            "messages": [message.to_dict() for message in self.messages],
            "archived_messages": [message.to_dict() for message in self.archived_messages],
        }
        if self.snapshots and pooled:
            data.update(pool(self.snapshots))
        elif self.snapshots:
            data["snapshots"] = [snapshot.to_dict() for snapshot in self.snapshots]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SessionData:
        """A session of a file or an export.

        Raises:
            SerializationError: its snapshots refer to messages that are not there.
        """
        raw = data.get("messages")
        entries: list[Any] = raw if isinstance(raw, list) else []
        metadata = dict(data.get("metadata") or {})
        for name in MIRRORED:
            if name not in metadata and data.get(name) is not None:
                metadata[name] = data[name]
        checkpoint = data.get("last_compaction")
        compaction = CompactionCheckpoint.from_dict(checkpoint) if isinstance(checkpoint, Mapping) else None
        if compaction is not None:  # entries that are no messages are not counted any more
            skipped = sum(not isinstance(entry, dict) for entry in entries[: compaction.message_index])
            compaction = replace(compaction, message_index=compaction.message_index - skipped)
        return cls(
            session_id=str(data.get("session_id") or ""),
            messages=_messages(entries),
            created_at=data.get("created_at") or now(),
            updated_at=data.get("updated_at") or now(),
            agent_name=data.get("agent_name"),
            user_id=data.get("user_id"),
            metadata=metadata,
            gateway_session_id=data.get("gateway_session_id"),
            agent_id=data.get("agent_id"),
            runtime_state=data.get("runtime_state") or {},
            archived_messages=_messages(data.get("archived_messages")),
            last_compaction=compaction,
            parent_id=data.get("parent_id"),
            forked_from_message_id=data.get("forked_from_message_id"),
            children_ids=list(data.get("children_ids") or ()),
            snapshots=unpool(data),
            is_shared=bool(data.get("is_shared")),
            title=data.get("title"),
            extra={name: value for name, value in data.items() if name not in _KNOWN},
        )


def _messages(entries: Any) -> list[SessionMessage]:
    return [SessionMessage.from_dict(entry) for entry in entries or () if isinstance(entry, dict)]


_KNOWN = {f.name for f in fields(SessionData)} - {"extra", "cleared", "rewritten"} | {"snapshot_storage", *MIRRORED}
