"""Documents of one container, found by ids, filters and vectors. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Any

from praison_persist.asking import ask
from praison_persist.filters import Filter, matches
from praison_persist.jsontext import decode
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.overfetch import overfetch
from praison_persist.scores import score
from praison_persist.steps import Steps

from .convert import DOCUMENTS, Row, to_document, to_score
from .filters import Where, to_where
from .options import Fields

__all__ = ["Space", "kept"]

_MOST = 10_000
"""Most documents that one query orders by their distance."""

_AT_ONCE = 500
"""Documents that are compared at a time."""


@dataclass(frozen=True)
class Space:
    """A collection, as one operation works with it.

    Attributes:
        engine: an `Engine` or `AsyncEngine`.
        container: its name in Cosmos DB.
        fields: the names of an item's.
        approximate: its vector index may overlook documents.
    """

    engine: Any
    container: str
    fields: Fields
    approximate: bool

    def rows(self, sql: str, parameters: Sequence[Row] = ()) -> Steps[list[Any]]:
        """The results of a query over the documents."""
        return (yield from ask(self.engine, lambda: self.engine.rows(self.container, sql, list(parameters), DOCUMENTS)))

    def chosen(self, ids: Sequence[str], what: str) -> Steps[list[Row]]:
        """Fields of the items that exist among these item ids, in any order."""
        return (
            yield from self.rows(
                f"SELECT {what} FROM c WHERE ARRAY_CONTAINS(@ids, c.id)", [{"name": "@ids", "value": list(ids)}]
            )
        )

    def fetched(self, ids: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
        """The documents that exist among these item ids, with embeddings."""
        rows = yield from self.chosen(ids, self._fields(embedding=True))
        return [to_document(row, self.fields) for row in rows]

    def matching(self, condition: Filter | None, ids: Sequence[str] | None = None) -> Steps[list[str]]:
        """The item ids of all matching documents."""
        where = to_where(condition)
        sql, parameters = where.sql, where.parameters
        if ids is not None:
            sql, parameters = (
                f"{sql} AND ARRAY_CONTAINS(@ids, c.id)",
                [
                    *parameters,
                    {"name": "@ids", "value": list(ids)},
                ],
            )
        what = "c.id" if where.exact else "c.id, c.metadata"
        rows = yield from self.rows(f"SELECT {what} FROM c WHERE {sql}", parameters)
        return [row["id"] for row in kept(rows, condition, where)]

    def counted(self, condition: Filter | None) -> Steps[int]:
        """How many documents match."""
        where = to_where(condition)
        if not where.exact:
            rows = yield from self.rows(f"SELECT c.metadata FROM c WHERE {where.sql}", where.parameters)
            return len(kept(rows, condition, where))
        # A query that takes several pages may give a part of the number with each.
        return sum((yield from self.rows(f"SELECT VALUE COUNT(1) FROM c WHERE {where.sql}", where.parameters)))

    def page(
        self, condition: Filter | None, size: int, after: str | None, *, embedding: bool = True
    ) -> Steps[tuple[list[KnowledgeDocument], str | None]]:
        """The matching ones of at most ``size`` items by id, and the last id if more may come."""
        where = to_where(condition)
        sql, parameters = where.sql, where.parameters
        if after is not None:
            sql, parameters = f"{sql} AND c.id > @after", [*parameters, {"name": "@after", "value": after}]
        fields = self._fields(embedding=embedding)
        rows = yield from self.rows(f"SELECT TOP {size} {fields} FROM c WHERE {sql} ORDER BY c.id", parameters)
        found = [to_document(row, self.fields) for row in kept(rows, condition, where)]
        return found, rows[-1]["id"] if len(rows) == size else None

    def nearest(
        self, info: CollectionInfo, vector: Sequence[float], limit: int, condition: Filter | None
    ) -> Steps[list[KnowledgeDocument]]:
        """The nearest documents that match, with scores and without embeddings, best first."""
        where = to_where(condition)
        query = list(vector)
        distance = f'VectorDistance(c["{self.fields.embedding}"], @vector)'
        fields = self._fields(embedding=info.distance == "euclidean")
        parameters = [*where.parameters, {"name": "@vector", "value": query}]
        more = False

        def look(size: int) -> Steps[tuple[list[KnowledgeDocument], bool]]:
            nonlocal more
            rows = yield from self.rows(
                f"SELECT TOP {size} {fields}, {distance} AS score FROM c WHERE {where.sql} ORDER BY {distance}",
                parameters,
            )
            more = len(rows) == size
            scored = [(to_score(row, info.distance, query, self.fields), row) for row in kept(rows, condition, where)]
            return [to_document(row, self.fields, value) for value, row in scored], more

        found: list[KnowledgeDocument] = yield from overfetch(look, limit, first=min(limit, _MOST), most=_MOST)
        if len(found) < limit and (more or self.approximate):  # not all that there are
            return (yield from self._compared(info, query, limit, condition))
        return sorted(found, key=lambda one: -(one.score or 0.0))

    def _compared(
        self, info: CollectionInfo, vector: Sequence[float], limit: int, condition: Filter | None
    ) -> Steps[list[KnowledgeDocument]]:
        """The nearest of all that match, by reading them."""
        best: list[KnowledgeDocument] = []
        after: str | None = None
        while True:
            page, after = yield from self.page(condition, _AT_ONCE, after)
            for one in page:
                one.score, one.embedding = score(info.distance, one.embedding or (), vector), None
            best = nlargest(limit, [*best, *page], key=lambda one: one.score or 0.0)
            if after is None:
                return best

    def _fields(self, *, embedding: bool) -> str:
        names = ["id", "doc_id", self.fields.text, "created_at", "content_hash", "metadata"]
        return ", ".join(f'c["{name}"]' for name in [*names, *([self.fields.embedding] if embedding else [])])


def kept(rows: list[Row], condition: Filter | None, where: Where) -> list[Row]:
    """The rows whose documents match, where the query's condition was wider."""
    if where.exact:
        return rows
    return [row for row in rows if matches(condition, decode(row["metadata"]) if "metadata" in row else None)]
