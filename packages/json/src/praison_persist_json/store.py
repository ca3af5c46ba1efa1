"""Conversations in files: the contract over session folders, safe between threads and processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import Any

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
from praison_persist.errors import PersistError, UnavailableError
from praison_persist.jsontext import encode
from praison_persist.lifecycle import Lifecycle, store_closed
from praison_persist.validation import (
    check_batch_size,
    check_bool,
    check_id,
    check_limit,
    check_list,
    check_number,
    check_offset,
    check_optional_id,
    check_positive,
)

from .files import Locks, lines_backward, lines_forward
from .folder import Record, SessionFolder
from .listing import Listing
from .location import BACKEND, directory_of
from .log import LogCache, Message, unframe


class JSONConversationStore(ConversationStore):
    """Conversations in a directory of this machine: one folder per session, one line per append.

    Files of PraisonAI's JSON store are read where they are, and converted by the first write to their session.

    Args:
        path: the directory; ``./praisonai_conversations`` by default.
        pretty: indent session records (messages are always one line each).
        url: the directory as ``json:///absolute``, ``json://relative`` or a plain path, instead of ``path``.
        timeout: seconds to wait for another writer of the same session.
    """

    backend = BACKEND

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        pretty: bool = True,
        *,
        url: str | None = None,
        timeout: float = 30.0,
    ) -> None:
        self.path = directory_of(path, url)
        self._pretty = check_bool(pretty, "pretty")
        self._locks = Locks(self.path / ".locks", check_positive(timeout, "timeout"))
        self._logs = LogCache()
        self._listing = Listing(self.path)
        self._lifecycle = Lifecycle(BACKEND)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def setup(self) -> None:
        with self._operation("setup"):
            self.path.mkdir(parents=True, exist_ok=True)

    def create_session(self, session: ConversationSession) -> ConversationSession:
        with self._operation("create_session"):
            record = _session_fields(session)
            folder = self._folder(session.session_id)
            with self._locks(folder.path.name):
                if folder.exists():
                    raise session_exists(session.session_id)
                folder.create(record)
            return session

    def get_session(self, session_id: str) -> ConversationSession | None:
        with self._operation("get_session"):
            folder = self._reading(session_id)
            found = folder.record() or folder.legacy()
            return None if found is None else ConversationSession.from_dict(found.session)

    def update_session(self, session: ConversationSession) -> ConversationSession:
        with self._operation("update_session"):
            return self._update(session, create=False)

    def upsert_session(self, session: ConversationSession) -> ConversationSession:
        with self._operation("upsert_session"):
            return self._update(session, create=True)

    def change_session(self, session_id: str, change: Callable[[ConversationSession], object]) -> ConversationSession:
        with self._operation("change_session"), self._writing(session_id) as folder:
            found = folder.record()
            if found is None:
                raise session_not_found(session_id)
            session = ConversationSession.from_dict(found.session)
            change(session)
            session.updated_at = time.time()
            folder.update(found, _session_fields(check_same_session(session, session_id)))
            return session

    def delete_session(self, session_id: str) -> bool:
        with self._operation("delete_session"):
            folder = self._folder(session_id)
            with self._locks(folder.path.name):
                found = folder.exists()
                if found:
                    folder.delete()
                return found

    def list_sessions(
        self,
        user_id: str | None = None,
        agent_id: str | None = None,
        limit: int | None = 100,
        offset: int = 0,
    ) -> list[ConversationSession]:
        with self._operation("list_sessions"):
            check_limit(limit)
            check_offset(offset)
            found = self._sessions(user_id, agent_id)
            return found[offset:] if limit is None else found[offset : offset + limit]

    def iter_sessions(
        self, user_id: str | None = None, agent_id: str | None = None, *, batch_size: int = 500
    ) -> Iterator[ConversationSession]:
        with self._operation("iter_sessions"):
            check_batch_size(batch_size)
            ids = [session.session_id for session in self._sessions(user_id, agent_id)]
        return filter(None, map(self.get_session, ids))

    def add_message(self, session_id: str, message: ConversationMessage) -> ConversationMessage:
        with self._operation("add_message"):
            return self._append(session_id, [message])[0]

    def add_messages(self, session_id: str, messages: Sequence[ConversationMessage]) -> list[ConversationMessage]:
        with self._operation("add_messages"):
            return self._append(session_id, check_list(messages, "messages"))

    def get_messages(
        self,
        session_id: str,
        limit: int | None = None,
        before: float | None = None,
        after: float | None = None,
    ) -> list[ConversationMessage]:
        with self._operation("get_messages"):
            folder = self._reading(session_id)
            check_limit(limit)
            low = None if after is None else check_number(after, "after")
            high = None if before is None else check_number(before, "before")
            with folder.messages() as found:
                newest_first = _newest_first(found) if found else _legacy_newest_first(folder)
                wanted = (
                    message
                    for message in newest_first
                    if (low is None or message["created_at"] > low) and (high is None or message["created_at"] < high)
                )
                messages = [] if limit == 0 else list(islice(wanted, limit))
            return [ConversationMessage.from_dict(message) for message in reversed(messages)]

    def iter_messages(self, session_id: str, *, batch_size: int = 500) -> Iterator[ConversationMessage]:
        with self._operation("iter_messages"):
            check_batch_size(batch_size)
            folder = self._reading(session_id)
        return self._iterate(folder)

    def delete_messages(self, session_id: str, message_ids: Sequence[str] | None = None) -> int:
        with self._operation("delete_messages"):
            ids = None
            if message_ids is not None:
                ids = frozenset(check_id(id_, "message id") for id_ in check_list(message_ids, "message_ids"))
            with self._writing(session_id) as folder:
                record = folder.record()
                return 0 if record is None or ids == frozenset() else folder.remove(record, ids)

    def close(self) -> None:
        self._lifecycle.close()

    # -- inside --------------------------------------------------------------------------------------------------

    @contextmanager
    def _operation(self, operation: str) -> Generator[None]:
        """Run one operation of the contract; the file system's errors are the contract's."""
        with self._lifecycle(operation):
            try:
                yield
            except OSError as exc:
                if isinstance(exc, PersistError):
                    raise
                raise UnavailableError(
                    f"the directory {str(self.path)!r} cannot be used: {exc}",
                    hint="check that it exists, its permissions, and free space; then repeat the call",
                ) from exc

    def _folder(self, session_id: str) -> SessionFolder:
        return SessionFolder(self.path, check_id(session_id, "session_id"), pretty=self._pretty, logs=self._logs)

    def _reading(self, session_id: str) -> SessionFolder:
        folder = self._folder(session_id)
        if folder.needs_merge():
            with self._writing(session_id):
                pass
        return folder

    @contextmanager
    def _writing(self, session_id: str) -> Generator[SessionFolder]:
        """The session's folder, locked, with what PraisonAI wrote taken over."""
        folder = self._folder(session_id)
        with self._locks(folder.path.name):
            if folder.has_legacy():
                folder.adopt()
            yield folder

    def _update(self, session: ConversationSession, *, create: bool) -> ConversationSession:
        now = time.time()
        record = {**_session_fields(session), "updated_at": now}
        with self._writing(session.session_id) as folder:
            found = folder.record()
            if found is not None:
                folder.update(found, record)
                session.updated_at = now
            elif create:
                folder.create({**record, "updated_at": session.updated_at})
            else:
                raise session_not_found(session.session_id)
        return session

    def _append(self, session_id: str, messages: list[ConversationMessage]) -> list[ConversationMessage]:
        check_id(session_id, "session_id")
        texts = [
            encode({**_fields(check_message(message)), "session_id": session_id}, f"message {message.id!r}")
            for message in messages
        ]
        with self._writing(session_id) as folder:
            record = folder.record()
            if record is None:
                raise session_not_found(session_id)
            self._append_new(folder, record, messages, texts)
        for message in messages:
            message.session_id = session_id
        return messages

    def _append_new(
        self, folder: SessionFolder, record: Record, messages: list[ConversationMessage], texts: list[str]
    ) -> None:
        log = folder.log(record)
        new: dict[str, str] = {}
        bodies: dict[str, ConversationMessage] = {}
        with log.opened() as file:
            for message, text in zip(messages, texts, strict=True):
                known = bodies.get(message.id)
                if known is None and (stored := log.find(file, message.id)) is not None:
                    known = ConversationMessage.from_dict(stored)
                if known is None:
                    bodies[message.id], new[message.id] = message, text
                elif not same_body(known, message):
                    raise message_conflict(message.id)
            if new:
                log.append(file, [new])

    def _sessions(self, user_id: str | None, agent_id: str | None) -> list[ConversationSession]:
        check_optional_id(user_id, "user_id")
        check_optional_id(agent_id, "agent_id")
        found = [
            session
            for session in self._listing.sessions()
            if (user_id is None or session.user_id == user_id) and (agent_id is None or session.agent_id == agent_id)
        ]
        return sorted(found, key=lambda session: (-session.updated_at, session.session_id))

    def _iterate(self, folder: SessionFolder) -> Iterator[ConversationMessage]:
        """Reads one open file, so that a rewrite meanwhile neither repeats nor hides a message."""
        with self._operation("iter_messages"), folder.messages() as found:
            if found is None:
                legacy = folder.legacy()
                messages: Iterable[Message] = legacy.messages if legacy else ()
            else:
                path, file = found
                messages = (message for offset, line in lines_forward(file) for message in unframe(path, offset, line))
            for message in messages:
                yield ConversationMessage.from_dict(message)
                if self._lifecycle.closed:
                    raise store_closed()


def _newest_first(found: tuple[Path, Any]) -> Iterator[Message]:
    path, file = found
    for offset, line in lines_backward(file):
        yield from reversed(unframe(path, offset, line))


def _legacy_newest_first(folder: SessionFolder) -> Iterator[Message]:
    legacy = folder.legacy()
    return reversed(legacy.messages if legacy else [])


def _fields(record: ConversationSession | ConversationMessage) -> dict[str, Any]:
    """The fields without the deep copy of `to_dict`: encoding copies them anyway."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _session_fields(session: ConversationSession) -> dict[str, Any]:
    record = _fields(check_session(session))
    encode(record, f"session {session.session_id!r}")
    return record
