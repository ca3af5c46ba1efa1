"""From one store to another of the same kind. Prints nothing; the writers decide what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from praison_persist.conversation import ConversationSession, ConversationStore
from praison_persist.errors import NotFoundError
from praison_persist.knowledge import KnowledgeStore
from praison_persist.state import StateStore

from .conversations import PAGE, ConversationWriter
from .knowledge import BATCH, KnowledgeWriter
from .states import StateWriter, read_state
from .tally import Tally

__all__ = [
    "batched",
    "collections_of",
    "copy_conversations",
    "copy_knowledge",
    "copy_state",
    "namespaces_of",
    "sessions_of",
]

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of a size."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def sessions_of(store: ConversationStore, session_ids: Sequence[str]) -> Iterator[ConversationSession]:
    """The named sessions, or all.

    Raises:
        NotFoundError: one of those named does not exist.
    """
    if not session_ids:
        yield from store.iter_sessions()
    for session_id in session_ids:
        found = store.get_session(session_id)
        if found is None:
            raise NotFoundError(
                f"session {session_id!r} does not exist", hint="praison-persist sessions list shows those that do"
            )
        yield found


def collections_of(store: KnowledgeStore, names: Sequence[str]) -> list[str]:
    """The named collections, or all.

    Raises:
        NotFoundError: one of those named does not exist.
    """
    there = store.list_collections()
    for name in names:
        if name not in there:
            raise NotFoundError(f"collection {name!r} does not exist", hint=f"there are: {', '.join(there) or 'none'}")
    return list(names) or there


def namespaces_of(store: StateStore, names: Sequence[str]) -> Iterator[tuple[tuple[str, ...], StateStore]]:
    """The store's own keys, or those of the named namespaces (``outer/inner`` for one inside another)."""
    if not names:
        yield (), store
    for name in names:
        path, view = tuple(name.split("/")), store
        for part in path:
            view = view.namespace(part)
        yield path, view


def copy_conversations(
    source: ConversationStore, writer: ConversationWriter, tally: Tally, session_ids: Sequence[str] = ()
) -> None:
    """Copy sessions with their messages."""
    for session in tally.timed("read", sessions_of(source, session_ids)):
        writer.write(session, _Messages(source, session.session_id))


class _Messages:
    """The messages of a session, read anew by every iteration."""

    def __init__(self, store: ConversationStore, session_id: str) -> None:
        self._store = store
        self._session_id = session_id

    def __iter__(self) -> Iterator[Any]:
        return self._store.iter_messages(self._session_id, batch_size=PAGE)


def copy_knowledge(
    source: KnowledgeStore,
    writer: KnowledgeWriter,
    tally: Tally,
    collections: Sequence[str] = (),
    begun: Callable[[str], None] = lambda _: None,
) -> None:
    """Copy collections with documents and vectors."""
    for name in collections_of(source, collections):
        begun(name)
        writer.begin(source.describe_collection(name))
        documents = source.iter_documents(name, batch_size=BATCH)
        for batch in batched(tally.timed("read", documents), BATCH):
            writer.write(name, batch)


def copy_state(source: StateStore, writer: StateWriter, tally: Tally, namespaces: Sequence[str] = ()) -> None:
    """Copy values and hashes with the time they have left."""
    for path, view in namespaces_of(source, namespaces):
        for entry in tally.timed("read", read_state(view, path)):
            writer.write(entry)
