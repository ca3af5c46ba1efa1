"""What the orchestrator does, as operations that `dispatch` runs for sync and async callers alike. Holds no state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import AlreadyExistsError, InvalidInputError, NotFoundError, UnsupportedError
from praison_persist.knowledge import KnowledgeDocument

from .context import begins_inside_a_turn, for_model, newest_turns
from .dispatch import Call, Operation

__all__ = [
    "add_knowledge",
    "add_messages",
    "build_history",
    "change_session",
    "find_knowledge",
    "merge_metadata",
    "start_session",
]


def start_session(session: ConversationSession) -> Operation[tuple[ConversationSession, bool]]:
    """The stored session, created if need be, and whether it existed; of two that create it at once none fails."""
    stored = yield Call("conversation", "get_session", (session.session_id,))
    if stored is not None:
        return stored, True
    try:
        return (yield Call("conversation", "create_session", (session,))), False
    except AlreadyExistsError:
        return (yield Call("conversation", "get_session", (session.session_id,))) or session, True


def add_messages(
    session: ConversationSession, messages: Sequence[ConversationMessage]
) -> Operation[list[ConversationMessage]]:
    """Append messages, all or none where the store can; creates the session if need be."""
    if not messages:
        return []
    try:
        return (yield from _append(session.session_id, messages))
    except NotFoundError:
        yield from start_session(session)
        return (yield from _append(session.session_id, messages))


def _append(session_id: str, messages: Sequence[ConversationMessage]) -> Operation[list[ConversationMessage]]:
    if len(messages) > 1:
        try:
            return (yield Call("conversation", "add_messages", (session_id, messages)))
        except UnsupportedError:  # one by one, as `ConversationStore.add_messages` advises
            pass
    for message in messages:
        yield Call("conversation", "add_message", (session_id, message))
    return list(messages)


def change_session(session_id: str, change: Callable[[ConversationSession], object]) -> Operation[ConversationSession]:
    """See `ConversationStore.change_session`."""
    return (yield Call("conversation", "change_session", (session_id, change)))


def merge_metadata(session_id: str, changes: Mapping[str, Any]) -> Operation[ConversationSession | None]:
    """Set keys in the stored session's metadata, keeping what others set; None where there is no such session."""

    def merge(session: ConversationSession) -> None:
        if changes:
            session.metadata = {**(session.metadata or {}), **changes}

    try:
        return (yield from change_session(session_id, merge))
    except NotFoundError:
        return None


def build_history(session_id: str, limit: int | None) -> Operation[list[dict[str, Any]]]:
    """The newest messages of a session for a model, with the tool turn that they begin with whole."""
    messages: list[ConversationMessage] = yield Call("conversation", "get_messages", (session_id, limit))
    asked = limit
    while asked and begins_inside_a_turn(messages) and len(messages) == asked:
        asked *= 2
        messages = yield Call("conversation", "get_messages", (session_id, asked))
    return for_model(messages if limit is None else newest_turns(messages, limit))


def add_knowledge(collection: str, documents: Sequence[KnowledgeDocument]) -> Operation[list[str]]:
    """Upsert documents; a collection that does not exist is created for the first embedding's dimension."""
    try:
        return (yield Call("knowledge", "upsert", (collection, documents)))
    except NotFoundError:
        dimension = next((len(document.embedding) for document in documents if document.embedding is not None), None)
        if dimension is None:
            raise InvalidInputError(
                f"collection {collection!r} does not exist, and no document has an embedding to create it for",
                operation="add_knowledge",
                hint="embed the documents first",
            ) from None
    with suppress(AlreadyExistsError):  # another process was faster
        yield Call("knowledge", "create_collection", (collection, dimension))
    return (yield Call("knowledge", "upsert", (collection, documents)))


def find_knowledge(
    query_embedding: Sequence[float], collection: str, limit: int, filters: Mapping[str, Any] | None
) -> Operation[list[KnowledgeDocument]]:
    """The nearest documents."""
    found = yield Call(
        "knowledge", "search", (), {
            "collection": collection, "query_embedding": query_embedding, "limit": limit, "filters": filters,
        },
    )  # fmt: skip
    return found
