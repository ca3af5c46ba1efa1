"""Records of one namespace, read in pages and in requests of a size that Pinecone answers. Knows one index's client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Any
from urllib.parse import quote

from praison_persist.asking import ask
from praison_persist.errors import NotFoundError
from praison_persist.filters import Filter, matches
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.overfetch import overfetch
from praison_persist.scores import score
from praison_persist.steps import Steps

from .convert import to_document, to_score
from .filters import to_filter

__all__ = ["PAGE", "Space", "counted", "fetched", "kept", "matching", "nearest"]

PAGE = 100
"""Records of one page: the most that Pinecone lists at once."""

_MOST = 10_000
"""Most matches of one query."""

_WHOLE = 90
"""Most matches with their metadata: 40 KB each, and Pinecone answers with at most 4 MB."""

_FETCH_URL = 4000
"""Letters of the ids in one URL."""


@dataclass(frozen=True)
class Space:
    """A namespace of an index, as one operation works with it.

    Attributes:
        engine: an `Engine` or `AsyncEngine`.
        index: its client of the index.
        namespace: the namespace.
        native: False where another program made the index.
    """

    engine: Any
    index: Any
    namespace: str
    native: bool


def fetched(space: Space, ids: Sequence[str]) -> Steps[list[Any]]:
    """The records that exist among these record ids, in any order."""
    found: list[Any] = []
    for part in _in_fetches(ids):

        def fetch(wanted: list[str] = part) -> Any:
            return space.index.fetch(ids=wanted, namespace=space.namespace)

        found += (yield from ask(space.engine, fetch)).vectors.values()
    return found


def matching(
    space: Space, condition: Filter | None, size: int, after: str | None
) -> Steps[tuple[list[Any], str | None]]:
    """At most ``size`` of the records whose documents match, and where to go on.

    Args:
        after: the page before told it; None to begin.
    """
    narrowed, size = to_filter(condition, native=space.native), min(size, PAGE)
    options: dict[str, Any] = {"namespace": space.namespace, "limit": size, "pagination_token": after}
    try:
        if narrowed.where is None:
            page = yield from ask(space.engine, lambda: space.index.list_paginated(**options))
            records = yield from fetched(space, [one.id for one in page.vectors if one.id])
        else:
            page = yield from ask(space.engine, lambda: space.index.fetch_by_metadata(filter=narrowed.where, **options))
            records = list(page.vectors.values())
    except NotFoundError as error:
        if "namespace" not in error.message.lower():
            raise
        return [], None  # a namespace is there from its first record on
    following = page.pagination.next if page.pagination is not None else None
    return kept(records, condition, narrowed.exact), following or None


def counted(space: Space) -> Steps[int]:
    """How many records the namespace has, by the index's statistics."""
    stats = yield from ask(space.engine, lambda: space.index.describe_index_stats())
    spaces = stats.namespaces
    found = spaces.get(space.namespace or "__default__") or spaces.get(space.namespace)
    return 0 if found is None else found.vector_count


def nearest(
    space: Space, info: CollectionInfo, vector: Sequence[float], limit: int, condition: Filter | None
) -> Steps[list[KnowledgeDocument]]:
    """The nearest documents that match, with scores and without embeddings, best first."""
    narrowed = to_filter(condition, native=space.native)
    more = False

    def look(size: int) -> Steps[tuple[list[KnowledgeDocument], bool]]:
        nonlocal more
        answer = yield from ask(
            space.engine,
            lambda: space.index.query(
                vector=list(vector),
                top_k=size,
                namespace=space.namespace,
                filter=narrowed.where,
                include_metadata=size <= _WHOLE,
            ),
        )
        records, more = answer.matches, len(answer.matches) == size
        if size > _WHOLE:
            whole = {one.id: one for one in (yield from fetched(space, [one.id for one in records]))}
            records = [whole[one.id] for one in records if one.id in whole]  # one may be deleted meanwhile
        scores = {one.id: to_score(info.distance, one.score) for one in answer.matches}
        found = [to_document(one, score=scores[one.id]) for one in kept(records, condition, narrowed.exact)]
        return found, more

    found: list[KnowledgeDocument] = yield from overfetch(look, limit, first=min(limit, _MOST), most=_MOST)
    if len(found) < limit and more:
        found = yield from _scanned(space, info, vector, limit, condition)
    return found


def kept(records: list[Any], condition: Filter | None, exact: bool) -> list[Any]:
    """The records whose documents match, where Pinecone's filter was wider."""
    return records if exact else [one for one in records if matches(condition, to_document(one).metadata)]


def _scanned(
    space: Space, info: CollectionInfo, vector: Sequence[float], limit: int, condition: Filter | None
) -> Steps[list[KnowledgeDocument]]:
    """The nearest of all that match, by reading them: more than Pinecone gives at once."""
    best: list[KnowledgeDocument] = []
    after: str | None = None
    while True:
        records, after = yield from matching(space, condition, PAGE, after)
        page = [to_document(record, whole=True) for record in records]
        for one in page:
            one.score, one.embedding = score(info.distance, one.embedding or (), vector), None
        best = nlargest(limit, [*best, *page], key=lambda one: one.score or 0.0)
        if after is None:
            return best


def _in_fetches(ids: Sequence[str]) -> Iterator[list[str]]:
    """Ids in requests of at most a page and of a length that proxies let through: they are sent in the URL."""
    part: list[str] = []
    length = 0
    for id_ in ids:
        weight = len(quote(id_, safe="")) + 5
        if part and (len(part) == PAGE or length + weight > _FETCH_URL):
            yield part
            part, length = [], 0
        part.append(id_)
        length += weight
    if part:
        yield part
