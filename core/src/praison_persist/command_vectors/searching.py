"""Searches of knowledge stores over Redis commands: by the server's index, by words, or by comparing with all."""

from __future__ import annotations

import heapq
import re
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from ..errors import UnavailableError, UnsupportedError
from ..filters import Filter, matches
from ..float32 import pack
from ..knowledge import CollectionInfo, KnowledgeDocument
from ..narrowing import Narrowed
from ..overfetch import overfetch
from ..scores import score
from ..state_engines.commands import Command, Refusal
from ..steps import Steps
from .base import PAGE, PlacedSteps, refused
from .convert import FIELDS, direction, from_fields
from .indexes import FlatIndex, Hit, ServerIndex
from .query import QueryIndex

__all__ = ["SearchingSteps"]

_NO_INDEX = re.compile(r"no such index|unknown index|index.*not found", re.IGNORECASE)


class SearchingSteps(PlacedSteps):
    """The hooks that search."""

    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> Steps[list[KnowledgeDocument]]:
        index = self._indexes[self._place(info).kind]
        if not isinstance(index, ServerIndex):
            return (yield from self._search_flat(info, vector, limit, condition, threshold))
        narrowed = index.narrowed(condition)
        if narrowed is None:
            return []
        most = sys.maxsize if limit <= PAGE else (yield from self._size(info))  # small questions need no bound
        packed = pack(direction(vector)[0] if info.distance == "cosine" else vector)
        look = partial(self._nearest, info, packed, narrowed, condition, threshold)
        first = min(limit if narrowed.exact else 4 * limit, most)
        return (yield from overfetch(look, limit, first=first, most=most)) if most else []

    def _nearest(
        self,
        info: CollectionInfo,
        vector: bytes,
        narrowed: Narrowed[str],
        condition: Filter | None,
        threshold: float | None,
        size: int,
    ) -> Steps[tuple[list[KnowledgeDocument], bool]]:
        """Those of the ``size`` nearest that match, best first, and whether there may be more."""
        place = self._place(info)
        index: Any = self._indexes[place.kind]
        ask = partial(index.search, place, vector, size, narrowed.where)
        count, reply = yield from self._query(info, ask(exact=False))
        hits = index.hits(place, reply)
        if len(hits) < min(size, count) and not index.complete:
            _, reply = yield from self._query(info, ask(exact=True))
            hits = index.hits(place, reply)
        near = [hit for hit in hits if threshold is None or hit.score >= threshold]
        found = yield from self._documents(info, near)
        matching = [document for document in found if matches(condition, document.metadata)]
        matching.sort(key=lambda document: -(document.score or 0.0))
        return matching, size <= len(hits) < count and len(near) == len(hits)

    def _query(self, info: CollectionInfo, command: Command) -> Steps[tuple[int, Any]]:
        """How many documents there are, and the reply to a search, if the collection is still what it was."""
        place = self._place(info)
        text, count, reply = yield self._ask(("GET", place.key), ("ZCARD", place.ids), command)
        self._check(place, text)
        if isinstance(reply, Refusal) and _NO_INDEX.search(reply.message):
            yield from self._make(place)
            raise UnavailableError(
                f"the index of {info.name!r} is being built", hint="it was missing; try again in a moment"
            )
        if isinstance(reply, Refusal):
            raise refused(command, reply)
        return int(count), reply

    def _search_text(
        self,
        info: CollectionInfo,
        text: str,
        vector: Sequence[float] | None,
        limit: int,
        condition: Filter | None,
    ) -> Steps[list[KnowledgeDocument]]:
        place = self._place(info)
        index = self._indexes[place.kind]
        if not isinstance(index, QueryIndex) or not index.words:
            raise UnsupportedError(f"collection {info.name!r} has no index of words", hint="it needs index='query'")
        narrowed = index.narrowed(condition)
        count = yield from self._size(info)
        if narrowed is None or not count or index.search_words(place, text, 1, narrowed.where) is None:
            return []

        def look(size: int) -> Steps[tuple[list[KnowledgeDocument], bool]]:
            _, reply = yield from self._query(info, index.search_words(place, text, size, narrowed.where) or ())
            hits = index.hits_of_words(place, reply)
            found = yield from self._documents(info, hits)
            return [one for one in found if matches(condition, one.metadata)], len(hits) >= size

        first = min(limit if narrowed.exact else 4 * limit, count)
        return (yield from overfetch(look, limit, first=first, most=count))

    def _search_flat(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> Steps[list[KnowledgeDocument]]:
        count, most = (yield from self._size(info)), self._indexes["flat"]
        if isinstance(most, FlatIndex) and count > most.limit:
            raise UnsupportedError(
                f"collection {info.name!r} has {count} documents and no index; {most.limit} may be searched so",
                hint="copy it into a collection with an index, or raise flat_limit=",
            )
        best: list[tuple[float, int, KnowledgeDocument]] = []
        page: list[KnowledgeDocument]
        after: Any = None
        number = 0
        while True:
            page, after = yield self._page(info, condition, PAGE, after)
            for document in page:
                value = score(info.distance, document.embedding or (), vector)
                if threshold is None or value >= threshold:
                    document.embedding, document.score, number = None, value, number - 1
                    add = heapq.heappush if len(best) < limit else heapq.heappushpop
                    add(best, (value, number, document))
            if after is None:
                return [document for _, _, document in sorted(best, key=lambda row: (-row[0], -row[1]))]

    def _documents(self, info: CollectionInfo, hits: Sequence[Hit]) -> Steps[list[KnowledgeDocument]]:
        """The documents of hits, without those that were deleted meanwhile."""
        bare = [hit.id for hit in hits if hit.fields is None]
        rows = (yield from self._read(info, bare, *FIELDS)) if bare else {}
        found: list[KnowledgeDocument] = []
        for hit in hits:
            fields = hit.fields
            if fields is None:
                *values, exists = rows[hit.id]
                if not exists:
                    continue
                fields = dict[str, Any](zip(FIELDS, values, strict=True))
            found.append(from_fields(hit.id, fields, score=hit.score))
        return found
