"""Conversations in dictionaries of this process: the reference implementation of the contract.

Nothing is written anywhere. What is stored is JSON text, so no caller shares an object with the store.
"""

from __future__ import annotations

import heapq
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import count, islice
from typing import Any, NamedTuple

from praison_persist.conversation import (
    ConversationMessage,
    ConversationSession,
    ConversationStore,
    check_message,
    check_same_session,
    check_session,
    message_conflict,
    same_body,
    session_exists,
    session_not_found,
)
from praison_persist.jsontext import decode, encode
from praison_persist.validation import (
    check_batch_size,
    check_id,
    check_limit,
    check_list,
    check_number,
    check_offset,
    check_optional_id,
)

from .guard import BACKEND, Guard, check_url


class _Row(NamedTuple):
    """A stored message: its place in the order, what queries look at, and the whole of it as JSON."""

    sequence: int
    id: str
    created_at: float
    text: str

    def message(self) -> ConversationMessage:
        return ConversationMessage.from_dict(decode(self.text, "message"))


@dataclass(slots=True)
class _Conversation:
    """A stored session: its record as JSON, and its messages in order and by id."""

    session: ConversationSession
    text: str
    rows: list[_Row] = field(default_factory=list)
    by_id: dict[str, _Row] = field(default_factory=dict)


class MemoryConversationStore(ConversationStore):
    """Conversations that live as long as this object.

    Args:
        url: None or ``memory://``.
    """

    backend = BACKEND

    def __init__(self, url: str | None = None) -> None:
        check_url(url)
        self._guard = Guard()
        self._conversations: dict[str, _Conversation] = {}
        self._sequence = count(1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def setup(self) -> None:
        with self._guard("setup"):
            pass

    def create_session(self, session: ConversationSession) -> ConversationSession:
        with self._guard("create_session"):
            stored = _encoded(session)
            if session.session_id in self._conversations:
                raise session_exists(session.session_id)
            self._conversations[session.session_id] = stored
            return session

    def get_session(self, session_id: str) -> ConversationSession | None:
        with self._guard("get_session"):
            found = self._conversations.get(check_id(session_id, "session_id"))
            return None if found is None else _session(found)

    def update_session(self, session: ConversationSession) -> ConversationSession:
        with self._guard("update_session"):
            check_session(session)
            self._replace(self._existing(session.session_id), session)
            return session

    def upsert_session(self, session: ConversationSession) -> ConversationSession:
        with self._guard("upsert_session"):
            found = self._conversations.get(check_session(session).session_id)
            if found is None:
                return self.create_session(session)
            self._replace(found, session)
            return session

    def change_session(self, session_id: str, change: Callable[[ConversationSession], object]) -> ConversationSession:
        with self._guard("change_session"):
            found = self._existing(check_id(session_id, "session_id"))
            session = _session(found)
            change(session)
            self._replace(found, check_session(check_same_session(session, session_id)))
            return session

    def delete_session(self, session_id: str) -> bool:
        with self._guard("delete_session"):
            return self._conversations.pop(check_id(session_id, "session_id"), None) is not None

    def list_sessions(
        self,
        user_id: str | None = None,
        agent_id: str | None = None,
        limit: int | None = 100,
        offset: int = 0,
    ) -> list[ConversationSession]:
        with self._guard("list_sessions"):
            check_optional_id(user_id, "user_id")
            check_optional_id(agent_id, "agent_id")
            skip = check_offset(offset)
            wanted = [
                (-found.session.updated_at, session_id, found)
                for session_id, found in self._conversations.items()
                if (user_id is None or found.session.user_id == user_id)
                and (agent_id is None or found.session.agent_id == agent_id)
            ]
            page = sorted(wanted) if check_limit(limit) is None else heapq.nsmallest(skip + (limit or 0), wanted)
            return [_session(found) for _, _, found in page[skip:]]

    def add_message(self, session_id: str, message: ConversationMessage) -> ConversationMessage:
        with self._guard("add_message"):
            return self._append(session_id, [message])[0]

    def add_messages(self, session_id: str, messages: Sequence[ConversationMessage]) -> list[ConversationMessage]:
        with self._guard("add_messages"):
            return self._append(session_id, check_list(messages, "messages"))

    def get_messages(
        self,
        session_id: str,
        limit: int | None = None,
        before: float | None = None,
        after: float | None = None,
    ) -> list[ConversationMessage]:
        with self._guard("get_messages"):
            check_id(session_id, "session_id")
            check_limit(limit)
            low = None if after is None else check_number(after, "after")
            high = None if before is None else check_number(before, "before")
            found = self._conversations.get(session_id)
            newest_first = (
                row
                for row in reversed(found.rows if found else [])
                if (low is None or row.created_at > low) and (high is None or row.created_at < high)
            )
            rows = list(islice(newest_first, limit))
        return [row.message() for row in reversed(rows)]

    def iter_messages(self, session_id: str, *, batch_size: int = 500) -> Iterator[ConversationMessage]:
        with self._guard("iter_messages"):
            check_id(session_id, "session_id")
            size = check_batch_size(batch_size)
        return self._iterate(session_id, size)

    def delete_messages(self, session_id: str, message_ids: Sequence[str] | None = None) -> int:
        with self._guard("delete_messages"):
            check_id(session_id, "session_id")
            ids = (
                None
                if message_ids is None
                else {check_id(id_, "message id") for id_ in check_list(message_ids, "message_ids")}
            )
            found = self._conversations.get(session_id)
            if found is None:
                return 0
            gone = set(found.by_id) if ids is None else ids & found.by_id.keys()
            found.rows = [row for row in found.rows if row.id not in gone]
            found.by_id = {row.id: row for row in found.rows}
            return len(gone)

    def close(self) -> None:
        with self._guard.closing():
            self._conversations.clear()

    # -- inside, called with the guard held ----------------------------------------------------------------------

    def _existing(self, session_id: str) -> _Conversation:
        found = self._conversations.get(check_id(session_id, "session_id"))
        if found is None:
            raise session_not_found(session_id)
        return found

    def _replace(self, found: _Conversation, session: ConversationSession) -> None:
        before, session.updated_at = session.updated_at, time.time()
        try:
            stored = _encoded(session)
        except BaseException:
            session.updated_at = before
            raise
        found.session, found.text = stored.session, stored.text

    def _append(self, session_id: str, messages: list[ConversationMessage]) -> list[ConversationMessage]:
        for message in messages:
            check_message(message)
        found = self._existing(session_id)
        new: dict[str, _Row] = {}
        for message in messages:
            text = encode({**_fields(message), "session_id": session_id}, f"message {message.id!r}")
            known = new.get(message.id) or found.by_id.get(message.id)
            if known is None:
                new[message.id] = _Row(next(self._sequence), message.id, message.created_at, text)
            elif not same_body(known.message(), message):
                raise message_conflict(message.id)
        found.rows.extend(new.values())
        found.by_id.update(new)
        for message in messages:
            message.session_id = session_id
        return messages

    def _iterate(self, session_id: str, size: int) -> Iterator[ConversationMessage]:
        last = 0
        while True:
            with self._guard("iter_messages"):
                found = self._conversations.get(session_id)
                rows = found.rows if found else []
                start = bisect_right(rows, last, key=lambda row: row.sequence)
                page = rows[start : start + size]
            if not page:
                return
            yield from (row.message() for row in page)
            last = page[-1].sequence


def _fields(record: ConversationSession | ConversationMessage) -> dict[str, Any]:
    """The fields without the deep copy of `to_dict`: `encode` copies them anyway."""
    return {f.name: getattr(record, f.name) for f in fields(record)}


def _encoded(session: ConversationSession) -> _Conversation:
    text = encode(_fields(check_session(session)), f"session {session.session_id!r}")
    return _Conversation(ConversationSession.from_dict(decode(text)), text)


def _session(found: _Conversation) -> ConversationSession:
    return ConversationSession.from_dict(decode(found.text, "session"))
