"""A whole session as one JSON document, and back. Synchronous; nothing is half imported."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from praison_persist.conversation import (
    ConversationMessage,
    ConversationSession,
    check_message,
    check_session,
    message_conflict,
    same_body,
    session_exists,
    session_not_found,
)
from praison_persist.errors import InvalidInputError
from praison_persist.jsontext import encode

from .runs import RunLog, without_runs
from .session_writes import SessionWrites

__all__ = ["FORMAT_VERSION", "IfExists", "export_session", "import_session", "read_document"]

logger = logging.getLogger(__name__)

FORMAT_VERSION = 1
IfExists = Literal["merge", "error"]


def export_session(store: Any, runs: RunLog, session_id: str) -> dict[str, Any]:
    """The fields of the session, ``messages`` with all of theirs in order, and ``runs``, newest first.

    Raises:
        NotFoundError: no such session.
    """
    session = store.get_session(session_id)
    if session is None:
        raise session_not_found(session_id)
    found = runs.of(session_id)
    messages = [message.to_dict() for message in store.get_messages(session_id)]
    return {"version": FORMAT_VERSION, **without_runs(session).to_dict(), "messages": messages, "runs": found}


def read_document(
    data: Mapping[str, Any], if_exists: IfExists = "merge"
) -> tuple[ConversationSession, list[ConversationMessage], list[dict[str, Any]]]:
    """Session, messages and runs of an export, this adapter's or PraisonAI's; every field checked.

    Messages without an id get one that a second import of the same document gives them again.

    Raises:
        InvalidInputError: not such a document; the message says which part is wrong.
    """
    if if_exists not in ("merge", "error"):
        raise InvalidInputError(f"if_exists must be 'merge' or 'error', not {if_exists!r}")
    if not isinstance(data, Mapping):
        raise InvalidInputError(f"an exported session is a mapping, not {type(data).__name__}")
    version = data.get("version", FORMAT_VERSION)
    if version != FORMAT_VERSION:
        raise InvalidInputError(
            f"this is an export of version {version!r}; this release reads {FORMAT_VERSION}",
            hint="pip install --upgrade praison-persist-agents",
        )
    if not data.get("session_id"):
        raise InvalidInputError("the document has no session_id")
    session = check_session(ConversationSession.from_dict(dict(data)))
    encode(session.state, "state")
    encode(session.metadata, "metadata")
    entries = data.get("messages") or []
    if not isinstance(entries, list):
        raise InvalidInputError("messages must be a list")
    messages = [_message(session, number, entry) for number, entry in enumerate(entries)]
    ids = [message.id for message in messages]
    if len(set(ids)) != len(ids):
        twice = next(each for each in ids if ids.count(each) > 1)
        raise InvalidInputError(f"two messages have the id {twice!r}")
    runs = data.get("runs") or []
    if not isinstance(runs, list) or not all(isinstance(run, dict) and run.get("run_id") for run in runs):
        raise InvalidInputError("runs must be a list of mappings with a run_id")
    encode(runs, "runs")
    return session, messages, [{**run, "session_id": session.session_id} for run in runs]


def import_session(
    writes: SessionWrites,
    runs: RunLog,
    document: tuple[ConversationSession, list[ConversationMessage], list[dict[str, Any]]],
    if_exists: IfExists,
) -> str:
    """Store what `read_document` returned; its session id.

    All or nothing: a session that was created for it is deleted again when its messages cannot be stored. Into a
    session that exists, messages that it has already are not stored twice.

    Raises:
        AlreadyExistsError: the session exists, and ``if_exists`` is ``"error"``.
        ConflictError: the session has another message under one of the ids; nothing was changed.
    """
    session, messages, records = document
    created = writes.store.get_session(session.session_id) is None
    if created:
        records = runs.embed(session, records)
        writes.store.create_session(session)
    elif if_exists == "error":
        raise session_exists(session.session_id)
    else:
        _refuse_conflicts(writes.store.get_messages(session.session_id), messages)
    try:
        writes.add(session, messages)
        for record in reversed(records):
            runs.put([record])
    except BaseException:
        if created:
            _best_effort(lambda: writes.store.delete_session(session.session_id))
        raise
    return session.session_id


def _refuse_conflicts(stored: Sequence[ConversationMessage], messages: Sequence[ConversationMessage]) -> None:
    """Find out before anything is written: not every store can append a batch atomically."""
    known = {message.id: message for message in stored}
    for message in messages:
        if message.id in known and not same_body(known[message.id], message):
            raise message_conflict(message.id)


def _best_effort(undo: Callable[[], Any]) -> None:
    """Undo, without hiding the error that made it necessary."""
    try:
        undo()
    except Exception as error:
        logger.error("an import that failed could not be undone: %s", error)


def _message(session: ConversationSession, number: int, entry: Any) -> ConversationMessage:
    if not isinstance(entry, Mapping):
        raise InvalidInputError(f"message {number} must be a mapping, not {type(entry).__name__}")
    fields = dict(entry)
    fields["session_id"] = session.session_id
    fields.setdefault("created_at", session.created_at)
    if not fields.get("id"):
        fields["id"] = f"import-{number}"
    try:
        message = check_message(ConversationMessage.from_dict(fields))
        encode(message.metadata, "metadata")
        encode(message.tool_calls, "tool_calls")
        if isinstance(message.content, list):
            encode(message.content, "content")
    except InvalidInputError as error:
        error.message = f"message {number}: {error.message}"
        raise
    return message
