"""Objects of one collection, read in pages, counted, and searched without the index. Knows one native handle."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import nlargest
from typing import Any

from weaviate.classes.query import Filter as Native
from weaviate.classes.query import Sort

from praison_persist.filters import Filter, matches
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import score
from praison_persist.steps import Steps

from .convert import DOCUMENT, to_document
from .filters import both, to_filter

__all__ = ["counted", "kept", "matching", "scanned"]

_PAGE = 1000
_FIRST = "00000000-0000-0000-0000-000000000000"


def matching(
    native: Any, condition: Filter | None, size: int, after: str | None, *, among: Any = None, vectors: bool = False
) -> Steps[tuple[list[KnowledgeDocument], str | None]]:
    """At most ``size`` of the documents that match, in the order of their objects' ids, and where to go on.

    Args:
        after: the page before told it; None to begin.
        among: a further filter.
    """
    narrowed = to_filter(condition)
    where = both(among, narrowed.where)
    options: dict[str, Any] = {"limit": size, "include_vector": vectors, "return_properties": DOCUMENT}
    if where is None:
        options["after"] = after or _FIRST
    else:  # Weaviate's cursor goes with no filter
        beyond = None if after is None else Native.by_property("_id").greater_than(after)
        options |= {"filters": both(where, beyond), "sort": Sort.by_id()}
    found = yield native.query.fetch_objects(**options)
    last = str(found.objects[-1].uuid) if len(found.objects) == size else None
    return kept([to_document(one) for one in found.objects], condition, narrowed.exact), last


def counted(native: Any, where: Any) -> Steps[int]:
    """How many objects satisfy a native filter."""
    return (yield native.aggregate.over_all(total_count=True, filters=where)).total_count or 0


def scanned(
    native: Any, info: CollectionInfo, vector: Sequence[float], limit: int, condition: Filter | None
) -> Steps[list[KnowledgeDocument]]:
    """The nearest of all that match, by reading them: what the index overlooks, or Weaviate does not give at once."""
    best: list[KnowledgeDocument] = []
    after: str | None = None
    while True:
        page, after = yield from matching(native, condition, _PAGE, after, vectors=True)
        for one in page:
            one.score, one.embedding = score(info.distance, one.embedding or (), vector), None
        best = nlargest(limit, [*best, *page], key=lambda one: one.score or 0.0)
        if after is None:
            return best


def kept(found: list[KnowledgeDocument], condition: Filter | None, exact: bool) -> list[KnowledgeDocument]:
    """Those that match, where Weaviate's filter was wider."""
    return found if exact else [one for one in found if matches(condition, one.metadata)]
