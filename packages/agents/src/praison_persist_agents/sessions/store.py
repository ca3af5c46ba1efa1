"""The session store that agents and bots call: every method but recall, export and hierarchy, over any backing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from praison_persist.errors import InvalidInputError
from praison_persist.validation import check_limit

from .backing import Backing
from .mirror import Mirror
from .records import (
    CompactionCheckpoint,
    Content,
    SessionData,
    SessionMessage,
    check_session_id,
    new_message,
    now,
    plain,
)
from .retention import without_tools, working_history

__all__ = ["SessionStore"]


class SessionStore:
    """Sessions of agents and bots; safe to share between threads, and between processes through its backing.

    Ids that differ are different sessions, whatever characters they have. Reading an unknown session creates nothing.
    """

    def __init__(self, backing: Backing, *, mirror: Mirror | None = None) -> None:
        self._backing = backing
        self._mirror = mirror

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._backing!r})"

    # -- messages ------------------------------------------------------------------------------------------------

    def add_message(
        self,
        session_id: str,
        role: str,
        content: Content,
        metadata: dict[str, Any] | None = None,
        tool_calls: list[dict[str, Any]] | None = None,
        tool_call_id: str | None = None,
    ) -> bool:
        """Append one message; it is durable when this returns True.

        Args:
            role: 1 to 50 characters.
            content: text, a list of JSON parts, or None.
            tool_calls: the calls of an assistant's message, in OpenAI's shape.
            tool_call_id: in a tool's message, the call that it answers.

        Raises:
            InvalidInputError: an argument that cannot be stored; nothing was.
            UnavailableError: the file or database could not be written.
        """
        self._append(session_id, [new_message(role, content, metadata, tool_calls, tool_call_id)])
        return True

    def add_user_message(self, session_id: str, content: Content, metadata: dict[str, Any] | None = None) -> bool:
        """`add_message` of role ``user``."""
        return self.add_message(session_id, "user", content, metadata)

    def add_assistant_message(self, session_id: str, content: Content, metadata: dict[str, Any] | None = None) -> bool:
        """`add_message` of role ``assistant``."""
        return self.add_message(session_id, "assistant", content, metadata)

    def get_chat_history(self, session_id: str, max_messages: int | None = None) -> list[dict[str, Any]]:
        """The newest messages, oldest first, as a model's API takes them: role, content and tool fields.

        A tool's result is left out at the start when the call that it answers is not included.

        Args:
            max_messages: at most so many; None for the whole active window, 0 for none.
        """
        check_limit(max_messages, "max_messages")
        return self.get_session(session_id).get_chat_history(max_messages)

    def get_working_history(self, session_id: str, max_messages: int | None = None) -> list[dict[str, Any]]:
        """What an agent resumes from: the last compaction checkpoint and what followed it, or the window.

        Only role and content, since that is all that PraisonAI's Agent restores: tool calls and their results are
        told in the assistant's text. `get_chat_history` has them as they were.

        Args:
            max_messages: at most so many, the summary included; None for the store's window and its summary.
        """
        check_limit(max_messages, "max_messages")
        return without_tools(working_history(self.get_session(session_id), max_messages))

    def set_chat_history(self, session_id: str, messages: Iterable[Mapping[str, Any]]) -> bool:
        """Replace the active messages in one step; readers see the old list or the new one.

        Messages that the list has in common with what is stored, from the start on, stay as they are. The archive is
        kept (`clear_session` removes it).

        Raises:
            InvalidInputError: one of them cannot be stored; nothing was changed.
        """
        given = [_given(message) for message in messages]

        def change(session: SessionData) -> None:
            kept = 0
            for old, new in zip(session.messages, given, strict=False):
                if not _same(old, new):
                    break
                kept += 1
            if kept < len(session.messages):
                session.last_compaction = None  # its index does not point into these messages
                session.rewritten = True
            session.messages = [*session.messages[:kept], *given[kept:]]

        self._modify(session_id, change, "set_chat_history")
        self._reflect(session_id, given)
        return True

    def upsert_partial_assistant_message(self, session_id: str, content: str, *, finalize: bool = False) -> bool:
        """Write an answer while it is being streamed, over what was written of it before.

        Args:
            content: the whole text so far.
            finalize: the answer is complete; an empty one is removed.
        """
        message = new_message("assistant", content)

        def change(session: SessionData) -> None:
            messages = session.messages
            partial = messages[-1] if messages and messages[-1].is_partial else None
            before = messages[:-1] if partial else messages
            if finalize and not content:
                session.messages = before
                return
            metadata = {} if partial is None else dict(partial.metadata)
            metadata.pop("partial", None)
            if not finalize:
                metadata["partial"] = True
            session.messages = [*before, replace(message, metadata=metadata)]

        self._modify(session_id, change, "upsert_partial_assistant_message", create=bool(content))
        if finalize and content:
            self._reflect(session_id, [message])
        return True

    def discard_partial_assistant_message(self, session_id: str) -> bool:
        """Remove the answer that was being streamed, if the last message is one."""
        session = self._read(session_id)
        if session is not None and session.messages and session.messages[-1].is_partial:

            def change(session: SessionData) -> None:
                if session.messages and session.messages[-1].is_partial:
                    session.messages = session.messages[:-1]

            self._modify(session_id, change, "discard_partial_assistant_message", create=False)
        return True

    def append_compaction_checkpoint(
        self,
        session_id: str,
        summary: str,
        *,
        role: str = "system",
        tokens_before: int = 0,
        tokens_after: int = 0,
        metadata: dict[str, Any] | None = None,
    ) -> bool:
        """From now on `get_working_history` starts with this summary instead of the messages so far.

        False for a blank summary, and for a session that does not exist: there is nothing to sum up.
        """
        if not (summary or "").strip():
            return False
        kept = plain(dict(metadata or {}), "metadata")

        def change(session: SessionData) -> bool:
            session.last_compaction = CompactionCheckpoint(
                summary, len(session.messages), role, tokens_before, tokens_after, metadata=kept
            )
            return True

        return bool(self._modify(session_id, change, "append_compaction_checkpoint", create=False))

    # -- sessions ------------------------------------------------------------------------------------------------

    def get_session(self, session_id: str) -> SessionData:
        """The session with its active messages; an empty one, which is not stored, for an unknown id."""
        return self._read(session_id) or SessionData(check_session_id(session_id))

    def session_exists(self, session_id: str) -> bool:
        """Whether there is such a session."""
        return self._backing.exists(check_session_id(session_id))

    def clear_session(self, session_id: str) -> bool:
        """Remove all messages, the archived ones too; the session's fields stay. An unknown one is not created."""
        self._modify(session_id, SessionData.forget, "clear_session", create=False)
        return True

    def delete_session(self, session_id: str) -> bool:
        """Remove the session with everything in it; False when there was none."""
        return self._backing.delete(check_session_id(session_id))

    def list_sessions(self, limit: int | None = 50) -> list[dict[str, Any]]:
        """Sessions, most recently used first, without their messages.

        Args:
            limit: at most so many; None for all.

        Returns:
            ``session_id``, ``id`` (the same), ``title``, ``agent_name``, ``agent_id``, ``user_id``, ``source``,
            ``parent_id``, ``parent_session_id``, ``agent_key``, ``created_at``, ``updated_at``, ``message_count``,
            ``model``, ``total_tokens``, ``cost``.
        """
        check_limit(limit)
        rows = sorted(self._backing.heads(), key=lambda head: str(head.get("updated_at") or ""), reverse=True)
        return [_row(head) for head in islice(rows, limit)]

    def rename_session(self, session_id: str, title: str) -> bool:
        """Give a session a title, or take it away with a blank one; False for an unknown session."""
        name = (title or "").strip()

        def change(session: SessionData) -> bool:
            session.title = name or None
            session.metadata = {key: value for key, value in session.metadata.items() if key != "title"}
            if name:
                session.metadata["title"] = name
            return True

        return bool(self._modify(session_id, change, "rename_session", create=False))

    def set_agent_info(self, session_id: str, agent_name: str | None = None, user_id: str | None = None) -> bool:
        """Say whose session it is; what is None stays. The session is created if need be."""
        return self._set(session_id, "set_agent_info", agent_name=agent_name, user_id=user_id)

    # -- mirror --------------------------------------------------------------------------------------------------

    def flush_mirror(self, timeout: float | None = None) -> bool:
        """Wait until the mirror has everything, at most ``timeout`` seconds; True without a mirror."""
        return self._mirror is None or self._mirror.flush(timeout)

    def close_mirror(self) -> None:
        """Send what waits, then stop; the store goes on without its mirror."""
        mirror, self._mirror = self._mirror, None
        if mirror is not None:
            mirror.close()

    # -- inside --------------------------------------------------------------------------------------------------

    def _read(self, session_id: str, *, archive: bool = False) -> SessionData | None:
        return self._backing.read(check_session_id(session_id), archive=archive)

    def _append(self, session_id: str, messages: Sequence[SessionMessage]) -> None:
        self._backing.append(check_session_id(session_id), messages)
        self._reflect(session_id, messages)

    def _reflect(self, session_id: str, messages: Sequence[SessionMessage]) -> None:
        if self._mirror is not None:
            self._mirror.append(session_id, messages)

    def _modify(self, session_id: str, change: Callable[[SessionData], Any], operation: str, **options: Any) -> Any:
        def apply(session: SessionData) -> Any:
            result = change(session)
            session.updated_at = now()
            return result

        return self._backing.modify(check_session_id(session_id), apply, operation=operation, **options)

    def _set(self, session_id: str, operation: str, **fields: str | None) -> bool:
        given = {name: value for name, value in fields.items() if value}
        for name, value in given.items():
            if not isinstance(value, str):
                raise InvalidInputError(f"{name} must be a string, not {type(value).__name__}")

        def change(session: SessionData) -> None:
            for name, value in given.items():
                setattr(session, name, value)

        self._modify(session_id, change, operation)
        return True


def _given(message: Any) -> SessionMessage:
    if not isinstance(message, Mapping):
        raise InvalidInputError(f"a message must be a mapping with role and content, not {type(message).__name__}")
    timestamp = message.get("timestamp")
    return new_message(
        message.get("role", "user"),
        message.get("content", ""),
        message.get("metadata"),
        message.get("tool_calls"),
        message.get("tool_call_id"),
        float(timestamp) if isinstance(timestamp, (int, float)) else None,
    )


def _same(old: SessionMessage, new: SessionMessage) -> bool:
    """Whether a caller that read one would give it back as the other."""
    return old.to_llm_message() == new.to_llm_message() and (not new.metadata or new.metadata == old.metadata)


def _row(head: Mapping[str, Any]) -> dict[str, Any]:
    metadata: Mapping[str, Any] = head.get("metadata") or {}

    def either(*names: str) -> Any:
        return next((source[name] for name in names for source in (head, metadata) if source.get(name)), None)

    return {
        "session_id": head["session_id"],
        "id": head["session_id"],
        "title": metadata.get("title") or head.get("title"),
        **{name: either(name) for name in ("agent_name", "agent_id", "user_id", "source", "parent_id")},
        **{name: either(name) for name in ("parent_session_id", "agent_key", "created_at", "updated_at")},
        "message_count": head["message_count"],
        "model": either("model", "llm"),
        "total_tokens": either("total_tokens", "token_count"),
        "cost": either("cost"),
        "gateway_session_id": head.get("gateway_session_id"),
    }
