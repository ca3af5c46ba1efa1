"""Vectors of one namespace, read in pages and in requests of a size that is answered. Knows one index's client."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Any

from praison_persist.asking import Asked, ask
from praison_persist.filters import Filter, matches
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.overfetch import overfetch
from praison_persist.scores import score
from praison_persist.steps import Steps

from .convert import COLLECTION, to_document, to_score
from .filters import to_filter

__all__ = ["IDS", "Counts", "Space", "counts_of", "fetched", "matching", "nearest", "page"]

IDS = 1000
"""Most ids in one request."""

_PAGE = 100
"""Most vectors with all that they hold, in one answer."""

_WHOLE = 256
"""Most matches with metadata and data in one answer."""

_MOST = 1000
"""Most matches of one query."""


@dataclass(frozen=True)
class Space:
    """A namespace of an index, as one operation works with it.

    Attributes:
        engine: a `VectorEngine` or `AsyncVectorEngine`.
        client: its client.
        namespace: the namespace.
        native: False where another program filled it.
    """

    engine: Asked
    client: Any
    namespace: str
    native: bool


@dataclass(frozen=True)
class Counts:
    """What the index tells of a namespace, some time later.

    Attributes:
        vectors: how many it has, seen by searches or not.
        pending: how many of them searches do not see yet.
    """

    vectors: int
    pending: int


def counts_of(told: Any, namespace: str) -> Counts:
    """The counts of a namespace in an index's statistics; zeros for one that is not there."""
    found = told.namespaces.get(namespace)
    return (
        Counts(0, 0)
        if found is None
        else Counts(found.vector_count + found.pending_vector_count, found.pending_vector_count)
    )


def fetched(
    space: Space, ids: Sequence[str], *, metadata: bool = True, data: bool = False, vectors: bool = False
) -> Steps[list[Any]]:
    """The vectors that exist among these ids, with what is asked for."""
    found: list[Any] = []
    size = _PAGE if vectors else _WHOLE if data else IDS
    for start in range(0, len(ids), size):

        def fetch(start: int = start) -> Any:
            return space.client.fetch(
                ids=list(ids[start : start + size]),
                include_vectors=vectors,
                include_data=data,
                include_metadata=metadata,
                namespace=space.namespace,
            )

        found += [one for one in (yield from ask(space.engine, fetch)) if one is not None]
    return found


def page(
    space: Space, size: int, after: str | None, *, vectors: bool = False, data: bool = False
) -> Steps[tuple[list[Any], str | None]]:
    """At most ``size`` vectors with metadata, without that of the collection, and where to go on: None at the end."""
    told = yield from ask(
        space.engine,
        lambda: space.client.range(
            cursor=after or "",
            limit=size,
            include_vectors=vectors,
            include_data=data,
            include_metadata=True,
            namespace=space.namespace,
        ),
    )
    return [one for one in told.vectors if one.id != COLLECTION], told.next_cursor or None


def matching(
    space: Space, condition: Filter | None, size: int, after: str | None
) -> Steps[tuple[list[KnowledgeDocument], str | None]]:
    """At most ``size`` of the documents that match, with embeddings, and where to go on."""
    vectors, after = yield from page(space, min(size, _PAGE), after, vectors=True, data=True)
    documents = (to_document(one, whole=True) for one in vectors)
    return [one for one in documents if matches(condition, one.metadata)], after


def nearest(
    space: Space,
    info: CollectionInfo,
    vector: Sequence[float],
    limit: int,
    condition: Filter | None,
    *,
    complete: bool,
) -> Steps[list[KnowledgeDocument]]:
    """The nearest documents that match, with scores and without embeddings, best first.

    Args:
        complete: read all of the namespace where a filtered query brings too few, since Upstash compares only so many
            vectors with a filter.
    """
    where, exact_scores = to_filter(condition, native=space.native), info.distance == "dot"
    more = False

    def look(size: int) -> Steps[tuple[list[KnowledgeDocument], bool]]:
        nonlocal more
        size = min(size + 1, _MOST)  # one may be that of the collection
        whole = size <= _WHOLE
        answer: list[Any] = yield from ask(
            space.engine,
            lambda: space.client.query(
                vector=list(vector),
                top_k=size,
                filter=where,
                include_vectors=exact_scores,
                include_metadata=whole,
                include_data=whole,
                namespace=space.namespace,
            ),
        )
        more = len(answer) == size
        scored = {
            # Upstash documents its score of the dot product for vectors of length 1 only.
            one.id: score("dot", one.vector, vector) if exact_scores else to_score(info.distance, one.score)
            for one in answer
            if one.id != COLLECTION
        }
        if not whole:
            known = {one.id: one for one in (yield from fetched(space, list(scored), data=True))}
            answer = [known[one.id] for one in answer if one.id in known]  # one may be deleted meanwhile
        documents = [to_document(one, score=scored[one.id]) for one in answer if one.id in scored]
        found = [one for one in documents if condition is None or matches(condition, one.metadata)]
        return (sorted(found, key=_score, reverse=True) if exact_scores else found), more

    found: list[KnowledgeDocument] = yield from overfetch(look, limit, first=min(limit, _MOST), most=_MOST)
    if len(found) < limit and (more or (complete and condition is not None)):
        found = yield from _scanned(space, info, vector, limit, condition)
    return found


def _scanned(
    space: Space, info: CollectionInfo, vector: Sequence[float], limit: int, condition: Filter | None
) -> Steps[list[KnowledgeDocument]]:
    """The nearest of all that match, by reading them."""
    best: list[KnowledgeDocument] = []
    after: str | None = None
    while True:
        documents, after = yield from matching(space, condition, _PAGE, after)
        for one in documents:
            one.score, one.embedding = score(info.distance, one.embedding or (), vector), None
        best = nlargest(limit, [*best, *documents], key=_score)
        if after is None:
            return best


def _score(document: KnowledgeDocument) -> float:
    return document.score or 0.0
