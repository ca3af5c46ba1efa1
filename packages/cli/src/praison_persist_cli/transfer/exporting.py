"""From a store to JSON lines, one item at a time. Prints nothing."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from praison_persist.conversation import ConversationStore
from praison_persist.knowledge import KnowledgeStore
from praison_persist.state import StateStore

from .conversations import PAGE, record, session_line
from .copying import collections_of, namespaces_of, sessions_of
from .jsonl import header, line
from .knowledge import BATCH, document_record
from .states import read_state
from .tally import Advance, ContentHash, Tally, canonical

__all__ = ["export"]


def export(
    kind: str, store: Any, tally: Tally, names: Sequence[str] = (), advance: Advance = lambda _: None
) -> Iterator[str]:
    """The lines of an export.

    Args:
        kind: of the store.
        store: a blocking store.
        tally: what to count in.
        names: sessions, collections or namespaces; all (of namespaces: the store's own keys) if empty.
        advance: called with the number of messages, documents or keys done.
    """
    yield header(kind, store.backend, time.time())
    yield from _EXPORTS[kind](store, tally, names, advance)
    yield line("end", {**tally.items, "hash": str(tally.source)})


def _conversations(
    store: ConversationStore, tally: Tally, session_ids: Sequence[str], advance: Advance
) -> Iterator[str]:
    for session in sessions_of(store, session_ids):
        key = session.session_id
        yield line("session", record(session))
        digest = hashlib.sha256(session_line(session, key))
        for message in store.iter_messages(key, batch_size=PAGE):
            digest.update(session_line(message, key))
            yield line("message", {**record(message), "session_id": key})
            tally.items["messages"] += 1
            advance(1)
        tally.items["sessions"] += 1
        tally.source.add(digest.digest())


def _knowledge(store: KnowledgeStore, tally: Tally, names: Sequence[str], advance: Advance) -> Iterator[str]:
    for name in collections_of(store, names):
        info = store.describe_collection(name)
        fields = {"name": name, "dimension": info.dimension, "distance": info.distance}
        yield line("collection", {**fields, "metadata": None if info.metadata is None else dict(info.metadata)})
        tally.items["collections"] += 1
        for document in store.iter_documents(name, batch_size=BATCH):
            kept = document_record(document)
            yield line("document", {"collection": name, **kept, "embedding": document.embedding})
            tally.items["documents"] += 1
            tally.source.add(ContentHash.of(canonical(kept)))
            advance(1)


def _state(store: StateStore, tally: Tally, namespaces: Sequence[str], advance: Advance) -> Iterator[str]:
    for path, view in namespaces_of(store, namespaces):
        for entry in read_state(view, path):
            fields = {"namespace": list(path), "key": entry.key, "hash": entry.is_hash, "value": entry.value}
            expires_at = None if entry.ttl is None else time.time() + entry.ttl
            yield line("key", {**fields, "expires_at": expires_at})
            tally.items["keys"] += 1
            tally.source.add(ContentHash.of(entry.content))
            advance(1)


_EXPORTS: dict[str, Callable[[Any, Tally, Sequence[str], Advance], Iterator[str]]] = {
    "conversation": _conversations,
    "knowledge": _knowledge,
    "state": _state,
}
