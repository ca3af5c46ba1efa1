"""Documents of one collection, found by ids, filters and vectors: with a search index, or by comparing with each.

Writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Any

from praison_persist.filters import Filter, matches
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.overfetch import overfetch
from praison_persist.scores import score
from praison_persist.steps import Steps

from ..errors import translated
from ..settings import Settings
from .convert import SCORE, WRITE, Fields, Place, Row, vector_to
from .cosmos import CosmosIndex
from .filters import to_prefilter, to_query
from .indexes import AtlasIndex

__all__ = ["Reader"]

_AT_ONCE = 500
"""Documents that are compared at a time."""


@dataclass(frozen=True)
class Reader:
    """A collection, as one operation reads it.

    Attributes:
        settings: of the server, for errors.
        documents: PyMongo's collection, of either client.
        info, place: what it is, and where.
        fields: the names of a document's.
        index: what its vector index is like, if it has one.
    """

    settings: Settings
    documents: Any
    info: CollectionInfo
    place: Place
    fields: Fields
    index: AtlasIndex | CosmosIndex

    def where(self, condition: Filter | None, ids: Sequence[str] | None = None) -> tuple[Row, bool]:
        """What a query asks for, and whether nothing else than the matching documents satisfies it."""
        narrowed = to_query(condition)
        where = dict(narrowed.where or {})
        return (where if ids is None else {**where, "_id": {"$in": list(ids)}}), narrowed.exact

    def writes_of(self, ids: Sequence[str]) -> Steps[dict[str, str]]:
        """Which write brought each of the documents that there are."""
        found = yield from self._found({"_id": {"$in": list(ids)}}, {WRITE: 1})
        return {row["_id"]: row[WRITE] for row in found}

    def seen(self, index: AtlasIndex, writes: Collection[str], vector: Sequence[float]) -> Steps[set[str]]:
        """The ids of the documents that the search index has from these writes."""
        with translated(self.settings):
            cursor = yield self.documents.aggregate(index.written(self.fields, vector, writes))
            return {row["_id"] for row in (yield cursor.to_list())}

    def fetched(self, ids: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
        """The documents that exist among these ids, with embeddings."""
        found = yield from self._found({"_id": {"$in": list(ids)}}, self.fields.unread())
        return [self.fields.to_document(row) for row in found]

    def matching(self, where: Row, condition: Filter | None) -> Steps[list[str]]:
        """The ids of the documents that match, of those that a wider query finds."""
        rows = yield from self._found(where, {"metadata": 1})
        return [row["_id"] for row in rows if self._matches(condition, row)]

    def page(
        self, condition: Filter | None, size: int, after: str | None
    ) -> Steps[tuple[list[KnowledgeDocument], str | None]]:
        """The matching ones of at most ``size`` documents by id, and the last id if more may come."""
        where, exact = self.where(condition)
        if after is not None:
            where["_id"] = {"$gt": after}
        rows = yield from self._found(where, self.fields.unread(), sort=[("_id", 1)], limit=size)
        found = [self.fields.to_document(row) for row in rows if exact or self._matches(condition, row)]
        return found, rows[-1]["_id"] if len(rows) == size else None

    def nearest(
        self, vector: Sequence[float], limit: int, condition: Filter | None, candidates: int | None
    ) -> Steps[list[KnowledgeDocument]]:
        """The nearest documents that match, with scores and without embeddings, best first."""
        if not self.place.indexed or (self.index.overlooks and limit > self.index.most):
            return (yield from self._compared(vector, limit, condition))
        narrowed = to_prefilter(condition)
        whole = not self.index.scores(self.info.distance)
        most, more = self.index.most, False

        def look(size: int) -> Steps[tuple[list[KnowledgeDocument], bool]]:
            nonlocal more
            pipeline = self.index.nearest(self.fields, vector, size, candidates, narrowed.where, whole=whole)
            with translated(self.settings):
                cursor = yield self.documents.aggregate(pipeline)
                rows: list[Row] = yield cursor.to_list()
            more = len(rows) == size
            kept = rows if narrowed.exact else [row for row in rows if self._matches(condition, row)]
            return [self._scored(row, vector) for row in kept], more

        found: list[KnowledgeDocument] = yield from overfetch(look, limit, first=min(limit, most), most=most)
        if len(found) < limit and (more or self.index.overlooks):  # not all that there are
            found = yield from self._compared(vector, limit, condition)
        return sorted(found, key=lambda one: -(one.score or 0.0)) if whole else found

    def _compared(
        self, vector: Sequence[float], limit: int, condition: Filter | None
    ) -> Steps[list[KnowledgeDocument]]:
        """The nearest of all that match, by reading their embeddings."""
        where, exact = self.where(condition)
        wanted = {self.fields.embedding: 1} if exact else {self.fields.embedding: 1, "metadata": 1}
        best: list[tuple[float, str]] = []
        with translated(self.settings):
            cursor = self.documents.find(where, wanted, batch_size=_AT_ONCE)
            while rows := (yield cursor.to_list(_AT_ONCE)):
                best += [
                    (score(self.info.distance, vector_to(row[self.fields.embedding]), vector), row["_id"])
                    for row in rows
                    if exact or self._matches(condition, row)
                ]
                best = nlargest(limit, best)
        scores = {id_: value for value, id_ in best}
        rows = yield from self._found(
            {"_id": {"$in": list(scores)}}, {**self.fields.unread(), self.fields.embedding: 0}
        )
        by_id = {row["_id"]: self.fields.to_document(row, scores[row["_id"]]) for row in rows}
        return [by_id[id_] for id_ in scores if id_ in by_id]

    def _found(self, where: Row, wanted: Row, **options: Any) -> Steps[list[Row]]:
        with translated(self.settings):
            return (yield self.documents.find(where, wanted, **options).to_list())

    def _matches(self, condition: Filter | None, row: Row) -> bool:
        return matches(condition, self.fields.to_metadata(row))

    def _scored(self, row: Row, vector: Sequence[float]) -> KnowledgeDocument:
        embedding = row.pop(self.fields.embedding, None)
        if embedding is None:
            return self.fields.to_document(row, self.index.to_score(self.info.distance, row[SCORE]))
        return self.fields.to_document(row, score(self.info.distance, vector_to(embedding), vector))
