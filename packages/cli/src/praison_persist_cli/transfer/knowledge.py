"""Writing collections of documents with vectors into a store, so that a second attempt writes only what is missing.

Each batch is compared with what the destination has under the same ids, written, and read back. Prints nothing.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from time import perf_counter
from typing import Any, cast

from praison_persist.errors import ConflictError, PersistError
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument, KnowledgeStore

from .conversations import OnConflict
from .tally import Advance, ContentHash, Tally, canonical

__all__ = ["BATCH", "VECTOR_TOLERANCE", "KnowledgeWriter", "differs", "document_record"]

BATCH = 256
VECTOR_TOLERANCE = 1e-5
"""Largest distance between a vector and its copy, as a part of its length: some engines keep directions and lengths."""


def document_record(document: KnowledgeDocument) -> dict[str, Any]:
    """The fields of a document that are content, without its vector."""
    return {
        "id": document.id,
        "content": document.content,
        "metadata": document.metadata,
        "content_hash": document.content_hash,
        "created_at": float(document.created_at),
    }


def differs(ours: KnowledgeDocument, theirs: KnowledgeDocument) -> str | None:
    """What makes the documents different, or None; vectors are compared as float32, within `VECTOR_TOLERANCE`."""
    mine, other = document_record(ours), document_record(theirs)
    if canonical(mine) != canonical(other):
        return " and ".join(name for name in mine if canonical(mine[name]) != canonical(other[name]))
    return None if _same_vector(ours.embedding or [], theirs.embedding or []) else "embedding"


def _same_vector(ours: Sequence[float], theirs: Sequence[float]) -> bool:
    if len(ours) != len(theirs):
        return False
    if _float32(ours) == _float32(theirs):
        return True
    return math.dist(ours, theirs) <= VECTOR_TOLERANCE * math.hypot(*ours)


def _float32(vector: Sequence[float]) -> bytes | None:
    try:
        return array("f", vector).tobytes()
    except OverflowError:
        return None


class KnowledgeWriter:
    """Writes documents into the collections of one store.

    Args:
        store: the destination.
        tally: what to count in.
        on_conflict: what to do with a document that is there with other content.
        advance: called with the number of documents done.
    """

    def __init__(
        self,
        store: KnowledgeStore,
        tally: Tally,
        *,
        on_conflict: OnConflict = "error",
        advance: Advance = lambda _: None,
    ) -> None:
        self._store = store
        self._tally = tally
        self._on_conflict = on_conflict
        self._advance = advance
        self._empty = False

    def begin(self, info: CollectionInfo) -> None:
        """Create the collection, or see that the one that is there takes the same vectors.

        Raises:
            ConflictError: it has another dimension or distance.
        """
        self._tally.items["collections"] += 1
        if not self._store.collection_exists(info.name):
            self._store.create_collection(info.name, info.dimension, info.distance, info.metadata)
            self._empty = True
            return
        there = self._store.describe_collection(info.name)
        if (there.dimension, there.distance) != (info.dimension, info.distance):
            raise ConflictError(
                f"collection {info.name!r} is in the destination with dimension {there.dimension} and distance"
                f" {there.distance}; the source's has {info.dimension} and {info.distance}",
                hint="delete or rename the destination's collection, or choose another destination",
            )
        self._empty = self._store.count(info.name) == 0

    def write(self, collection: str, documents: list[KnowledgeDocument]) -> None:
        """Make the collection hold these documents (at most `BATCH`).

        Raises:
            ConflictError: it holds another document of one of the ids, and conflicts are errors.
            PersistError: what was written does not read back as it was.
        """
        tally = self._tally
        there = {} if self._empty else self._fetch(collection, documents)
        missing, replaced = list[KnowledgeDocument](), list[KnowledgeDocument]()
        for document in documents:
            if document.id not in there:
                missing.append(document)
                continue
            difference = differs(document, there[document.id])
            if difference is None:
                self._count("present", document, there[document.id])
            elif self._on_conflict == "replace":
                replaced.append(document)
            elif self._on_conflict == "skip":
                tally.done["skipped"] += 1
            else:
                raise ConflictError(
                    f"document {document.id!r} is in the destination's {collection!r} with other content"
                    f" ({difference})",
                    hint="--on-conflict skip keeps the destination's, --on-conflict replace takes the source's",
                )
        tally.items["documents"] += len(documents)
        if written := missing + replaced:
            start = perf_counter()
            self._store.upsert(collection, written)
            tally.seconds["write"] += perf_counter() - start
            self._verify(collection, missing, replaced)
        self._advance(len(documents))

    def _fetch(self, collection: str, documents: Sequence[KnowledgeDocument]) -> dict[str, KnowledgeDocument]:
        start = perf_counter()
        found = {found.id: found for found in self._store.get(collection, [document.id for document in documents])}
        self._tally.seconds["verify"] += perf_counter() - start
        return found

    def _verify(
        self, collection: str, missing: Sequence[KnowledgeDocument], replaced: Sequence[KnowledgeDocument]
    ) -> None:
        there = self._fetch(collection, [*missing, *replaced])
        for done, documents in (("written", missing), ("replaced", replaced)):
            for document in documents:
                theirs = there.get(document.id)
                difference = "it is missing" if theirs is None else differs(document, theirs)
                if difference is not None:
                    raise PersistError(
                        f"document {document.id!r} does not read back from the destination's {collection!r} as it was"
                        f" written ({difference})",
                        hint="does another program write to it? run this again when it does not",
                    )
                self._count(done, document, cast(KnowledgeDocument, theirs))

    def _count(self, done: str, ours: KnowledgeDocument, theirs: KnowledgeDocument) -> None:
        self._tally.done[done] += 1
        self._tally.source.add(ContentHash.of(canonical(document_record(ours))))
        self._tally.destination.add(ContentHash.of(canonical(document_record(theirs))))
