"""Writing documents: Chroma ignores an insert of an id that exists, and an upsert merges metadata; neither shows here.

Steps over a collection of either client. ``alone`` says that nobody writes to it meanwhile.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from praison_persist.knowledge import KnowledgeDocument
from praison_persist.parts import in_parts
from praison_persist.steps import Steps
from praison_persist.vectorsteps import already_exists

from .convert import WRITE, to_content, to_metadata

__all__ = ["insert", "upsert"]

_REQUEST_BYTES = 16 * 2**20
"""Most bytes of records in one request; a server takes 40 MB by default."""

_REPAIRS = 5


def insert(collection: Any, documents: Sequence[KnowledgeDocument], *, alone: bool) -> Steps[None]:
    """Add new documents, then see whose records are there: the engine decides between racing writers.

    Raises:
        AlreadyExistsError: an id is taken; nothing of this write remains.
    """
    write = uuid.uuid4().hex
    ids = [document.id for document in documents]
    if alone or len(ids) > 1:  # otherwise it only spares readers most half writes
        taken = (yield collection.get(ids=ids, include=[]))["ids"]
        if taken:
            raise already_exists(taken)
    try:
        for request in in_parts(documents, _bytes_of, _REQUEST_BYTES):
            yield collection.add(**_records(request, [to_metadata(document, write) for document in request]))
        if alone:
            return
        ours = (yield collection.get(ids=ids, where={WRITE: write}, include=[]))["ids"]
    except Exception as failure:
        try:
            yield collection.delete(ids=ids, where={WRITE: write})
        except Exception as exc:
            raise failure from exc
        raise
    if len(ours) < len(ids):
        yield collection.delete(ids=ids, where={WRITE: write})
        raise already_exists(sorted(set(ids) - set(ours)))


def upsert(collection: Any, documents: Sequence[KnowledgeDocument], *, alone: bool) -> Steps[None]:
    """Replace documents whole: what an upsert would leave of the old metadata is named, and so deleted with it."""
    write = uuid.uuid4().hex
    for request in in_parts(documents, _bytes_of, _REQUEST_BYTES):
        ids = [document.id for document in request]
        new = {document.id: to_metadata(document, write) for document in request}
        old = yield collection.get(ids=ids, include=["metadatas"])
        stale = _stale(old, new)
        metadatas = [{**new[id_], **stale.get(id_, {})} for id_ in ids]
        yield collection.upsert(**_records(request, metadatas))
        for _ in range(0 if alone else _REPAIRS):
            # Somebody may have written between the two; whoever was the last of them tidies up.
            left = _stale((yield collection.get(ids=ids, where={WRITE: write}, include=["metadatas"])), new)
            if not left:
                break
            yield collection.update(ids=list(left), metadatas=list(left.values()))


def _stale(answer: Any, new: dict[str, dict[str, Any]]) -> dict[str, dict[str, None]]:
    """For each record the keys that the new metadata does not have, with the value that deletes them."""
    stale: dict[str, dict[str, None]] = {}
    for id_, metadata in zip(answer["ids"], answer["metadatas"], strict=True):
        if keys := (metadata or {}).keys() - new[id_].keys():
            stale[id_] = dict.fromkeys(keys)
    return stale


def _records(documents: Sequence[KnowledgeDocument], metadatas: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "ids": [document.id for document in documents],
        "embeddings": [document.embedding for document in documents],
        "metadatas": metadatas,
        "documents": [to_content(document) for document in documents],
    }


def _bytes_of(document: KnowledgeDocument) -> int:
    """A rough upper bound of the document's JSON."""
    text = len(document.content) + 2 * len(str(document.metadata or ""))
    return 24 * len(document.embedding or ()) + 6 * text + 512
