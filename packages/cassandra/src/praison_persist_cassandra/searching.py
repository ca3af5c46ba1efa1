"""How the nearest documents are found: by the index where it can, else by comparing every row. Knows no schema."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from praison_persist.errors import UnsupportedError, UnsupportedFilterError
from praison_persist.filters import Filter, matches

from .engine import Engine
from .filters import plan
from .queries import Queries

__all__ = ["Hit", "Search", "matching"]

_MOST_BY_INDEX = 1000
"""Cassandra's limit of an ANN query."""
_PAGE = 1000


class Hit(NamedTuple):
    """A row that was found, with the engine's similarity."""

    similarity: float
    row: Any


class Search:
    """Searches one collection.

    Args:
        engine, queries: where, and with which statements.
        candidates: rows that the index is asked for at least.
        max_scan: most rows that are compared one by one.
        small: documents are small enough to be fetched with every candidate, which saves a request for those found.
    """

    def __init__(self, engine: Engine, queries: Queries, candidates: int, max_scan: int, *, small: bool) -> None:
        self._engine = engine
        self._queries = queries
        self._candidates = candidates
        self._max_scan = max_scan
        self._small = small

    def nearest(self, vector: Sequence[float], limit: int, condition: Filter | None) -> list[Hit]:
        """At most ``limit`` matching rows, best first; columns other than ``id`` only where the engine sent them.

        Raises:
            UnsupportedFilterError: the index cannot decide the filter, and too many rows are left to look at.
            UnsupportedError: the limit is beyond the index, and the collection too large to compare all.
        """
        wanted = plan(condition)
        if self._queries.foreign and condition is not None:
            wanted = wanted._replace(terms=(), exact=False)
        if limit <= _MOST_BY_INDEX and self._queries.indexed:
            found = self._by_index(vector, limit, condition, wanted.terms, exact=wanted.exact)
            if len(found) == limit:
                return found
        return self._by_comparing(vector, limit, condition, wanted.terms)

    def _by_index(
        self, vector: Sequence[float], limit: int, condition: Filter | None, terms: Sequence[str], *, exact: bool
    ) -> list[Hit]:
        """The first that match of the nearest rows, of more rows where too few do; [] where comparing all is as good.

        The engine's graph has rows that no path leads to, so a small collection would not be searched exactly.
        """
        enough = min(_MOST_BY_INDEX, max(limit, self._candidates))
        for number in dict.fromkeys((enough, enough if exact else _MOST_BY_INDEX)):
            cql = self._queries.nearest(terms, light=self._small or number == limit)
            rows = list(self._engine.run(cql, [vector, *terms, vector, number], nearest=True))
            if len(rows) < number:
                return []
            rows.sort(key=lambda row: -row.similarity)
            matching_rows = (Hit(row.similarity, row) for row in rows if exact or _matches(condition, row))
            if len(found := list(islice(matching_rows, limit))) == limit:
                return found
        return []

    def _by_comparing(
        self, vector: Sequence[float], limit: int, condition: Filter | None, terms: Sequence[str]
    ) -> list[Hit]:
        best: list[tuple[float, int, Any]] = []
        for number, row in enumerate(self._scan(self._queries.compare(terms), [vector, *terms])):
            if number == self._max_scan:
                raise _too_many(self._max_scan, condition)
            if _matches(condition, row):
                (heapq.heappush if len(best) < limit else heapq.heappushpop)(best, (row.similarity, -number, row))
        return [Hit(similarity, row) for similarity, _, row in sorted(best, key=lambda one: one[:2], reverse=True)]

    def _scan(self, cql: str, values: Sequence[Any]) -> Iterator[Any]:
        yield from self._engine.run(cql, values, size=_PAGE)


def matching(engine: Engine, queries: Queries, condition: Filter | None) -> Iterator[str]:
    """The ids of all matching documents."""
    terms = () if queries.foreign else plan(condition).terms
    for row in engine.run(queries.scan(terms), list(terms), size=_PAGE):
        if _matches(condition, row):
            yield row.id


def _matches(condition: Filter | None, row: Any) -> bool:
    if condition is None:
        return True
    text = getattr(row, "metadata", None)
    return matches(condition, None if text is None else json.loads(text))


def _too_many(most: int, condition: Filter | None) -> UnsupportedError:
    hint = "raise max_scan=, or ask for fewer documents"
    if condition is None:
        return UnsupportedError(f"Cassandra's index finds {_MOST_BY_INDEX} documents; more need max_scan=", hint=hint)
    return UnsupportedFilterError(
        f"Cassandra's index cannot decide this filter, and it leaves more than max_scan={most} documents",
        hint="add an equality to the filter, or raise max_scan=",
    )
