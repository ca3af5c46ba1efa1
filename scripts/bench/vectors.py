"""The operations of a knowledge store that are compared, and the data for them; whatever the engine."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Protocol

from praison_persist import KnowledgeDocument
from praison_persist.knowledge import CollectionInfo
from praison_persist.vectorsteps import check_documents

from .measure import Blocking, Call, Make, Plan, Row, compare

DIMENSION = 384
STORED = 2_000
BATCH = 100
LIMIT = 10
FILTER: Mapping[str, Any] = {"lang": "de", "year": {"$gte": 2020}}
TARGETS = {"insert": 1.15, "search": 1.10, "filtered": 1.10}

_random = random.Random(7)  # the same vectors in every run


class Inserts(Protocol):
    """A way into a collection of an engine.

    A raw one may also have ``upsert``, the client's own call that replaces what is there, if there is one.
    """

    def insert(self, documents: list[KnowledgeDocument]) -> Any:
        """Store new documents; ids that exist are refused, if need be by looking for them first."""
        ...


class Vectors(Inserts, Protocol):
    """A way into a collection and out of it."""

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        """The ids of the nearest documents, best first; with content, metadata and score fetched."""
        ...


class Ours:
    """The store."""

    def __init__(self, store: Any, collection: str) -> None:
        self.insert = partial(store.insert, collection)
        self.upsert = partial(store.upsert, collection)
        self._search = partial(store.search, collection, limit=LIMIT)

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        return [found.id for found in self._search(vector, filters=FILTER if filtered else None)]


def vector() -> list[float]:
    """A random direction."""
    return [_random.gauss(0.0, 1.0) for _ in range(DIMENSION)]


def documents(count: int) -> list[KnowledgeDocument]:
    """New documents; a quarter of them matches the filter."""
    return [
        KnowledgeDocument(
            content="The quick brown fox jumps over the lazy dog. " * 4,
            embedding=vector(),
            metadata={"lang": ("de", "en")[number % 2], "year": 2019 + number // 2 % 2, "tags": ["a", "b"]},
        )
        for number in range(count)
    ]


def rows(raw: Vectors, ours: Vectors, plan: Plan) -> Iterator[Row]:
    """Search, filtered search, then inserts; both sides hold the same documents when searching.

    Raises:
        AssertionError: the two sides do not find the same.
    """
    stored = documents(STORED)
    for start in range(0, STORED, BATCH):
        raw.insert(stored[start : start + BATCH])
        ours.insert(stored[start : start + BATCH])
    clock = Blocking()
    for filtered, kind in ((False, "search"), (True, "filtered")):
        queries = [vector() for _ in range(20)]
        hits = [
            len(set(raw.search(query, filtered=filtered)) & set(ours.search(query, filtered=filtered)))
            for query in queries
        ]
        if min(hits) < LIMIT:
            raise AssertionError(f"{kind}: raw and ours agree on {min(hits)} of {LIMIT} documents")
        name = f"{'filtered ' if filtered else ''}search {LIMIT} of {STORED:,}, {DIMENSION} dimensions"
        left, right = _search(raw, filtered), _search(ours, filtered)
        yield compare(name, clock, left, right, plan, target=TARGETS[kind], repeat=10)
    yield from inserts(raw, ours, plan)


def inserts(raw: Inserts, ours: Inserts, plan: Plan) -> Iterator[Row]:
    """Writing alone, for engines whose searches would measure a stand-in; last, what checking takes of an insert.

    No raw client looks at all numbers and at all metadata before it writes anything.
    """
    clock = Blocking()
    for kind, count in (("insert", 1), ("insert", BATCH), ("upsert", BATCH)):
        if hasattr(raw, kind):
            left, right = _write(raw, kind, count), _write(ours, kind, count)
            name = f"{kind} {count} document{'s' if count > 1 else ''}"
            yield compare(name, clock, left, right, plan, target=TARGETS["insert"], repeat=3 if count > 1 else 10)
    name = f"insert {BATCH} documents, checks alone"
    yield compare(name, clock, _write(raw, "insert", BATCH), _checks, plan, target=None, repeat=3)


def _search(side: Vectors, filtered: bool) -> Make:
    return lambda: partial(side.search, vector(), filtered=filtered)


def _write(side: Inserts, kind: str, count: int) -> Make:
    return lambda: partial(getattr(side, kind), documents(count))


def _checks() -> Call:
    return partial(check_documents, CollectionInfo("documents", DIMENSION, "cosine"), documents(BATCH))
