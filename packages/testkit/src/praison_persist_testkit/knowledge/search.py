"""Clauses on search: the golden vectors, scores and thresholds of every distance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from praison_persist.errors import InvalidInputError
from praison_persist.filters import parse_filter
from praison_persist.scores import exact_search, score

from ..running import Handle, refuses
from ..suite import Suite, case, clause, each
from .build import DOCS, collection, document, documents, found_ids, vectors

__all__ = ["Searching"]

_DISTANCES = {name: name for name in ("cosine", "dot", "euclidean", "manhattan")}

_DIMENSION = 16


class Searching(Suite):
    """`search`."""

    @clause
    @each("distance", _DISTANCES)
    async def test_search_agrees_with_the_exact_reference(self, store: Handle, distance: Any) -> None:
        """Of 200 vectors `search` gives the ids, order and scores (1e-3) of the exact reference, higher is nearer."""
        if not (rows := await _golden(store, distance)):
            return
        for query in [*vectors(2, _DIMENSION, 2), rows[7], [x * 100 for x in rows[9]]]:
            for limit in (1, 20, 1000):
                await _compare(store, rows, query, distance, limit)

    @clause
    @each("distance", _DISTANCES)
    async def test_a_threshold_works_on_the_score(self, store: Handle, distance: Any) -> None:
        """``score_threshold`` keeps ``score >= score_threshold``; 0.0 and negative numbers are thresholds."""
        if not (rows := await _golden(store, distance)):
            return
        for query in vectors(2, _DIMENSION, 3):
            scores = sorted(score(distance, row, query) for row in rows)
            between = [(scores[i] + scores[i + 1]) / 2 for i in (5, 100, 180, 198) if scores[i + 1] - scores[i] > 1e-4]
            for threshold in [*between, 0.0, -0.0, 0, -0.25, -1.5, scores[0] - 1, scores[-1] + 1, 1.0]:
                await _compare(store, rows, query, distance, 200, threshold)
            await _compare(store, rows, query, distance, 3, between[-1])

    @clause
    @each("distance", _DISTANCES)
    async def test_a_filter_keeps_the_order_and_scores(self, store: Handle, distance: Any) -> None:
        """Filter, limit and threshold work together, and change neither order nor score."""
        if not (rows := await _golden(store, distance)):
            return
        for query in vectors(1, _DIMENSION, 4):
            scores = sorted(score(distance, row, query) for row in rows)
            for filters in ({"third": 0}, {"third": {"$ne": 0}}, {"n": {"$gte": 195}}, {"n": -1}):
                for limit in (3, 200):
                    for threshold in (None, 0.0, scores[100] + 1e-5):
                        await _compare(store, rows, query, distance, limit, threshold, filters)

    @clause
    async def test_a_selective_filter_gives_all_that_match(self, store: Handle) -> None:
        """A filtered search returns ``limit`` documents when that many match, far from the query among 2,000."""
        rows = vectors(2_000, 8, 5)
        query = [1.0] + [0.0] * 7
        far = sorted(range(2_000), key=lambda i: score("cosine", rows[i], query))[:20]
        given = [document(f"d{i}", embedding=row, metadata={"rare": i in far, "i": i}) for i, row in enumerate(rows)]
        await collection(store, given, dimension=8)
        for limit in (1, 5, 20, 50):
            found = await store.search(DOCS, query, limit, {"rare": True})
            assert [one.id for one in found] == [f"d{i}" for i in reversed(far)][:limit]
            found = await store.search(DOCS, query, limit, {"$and": [{"rare": True}, {"i": {"$gte": 0}}]})
            assert len(found) == min(limit, 20)
        assert len(await store.search(DOCS, query, 2_000)) == 2_000

    @clause
    async def test_results_are_whole_but_for_the_embedding(self, store: Handle) -> None:
        """`search` returns documents with ``score`` and without ``embedding``; everything else is whole."""
        given = document("a", "text", metadata={"x": [None, {"y": 1}]}, content_hash="h", created_at=5.5)
        await collection(store, [given])
        found = (await store.search(DOCS, given.embedding))[0]
        assert found.embedding is None
        assert type(found.score) is float
        assert abs(found.score - 1.0) < 1e-3
        fields = (found.id, found.content, found.metadata, found.content_hash, found.created_at)
        assert fields == ("a", "text", {"x": [None, {"y": 1}]}, "h", 5.5)

    @clause
    async def test_the_limit_is_kept(self, store: Handle) -> None:
        """At most ``limit`` documents are returned, 5 unless told otherwise, none with 0."""
        await collection(store, documents(12))
        query = [1.0, 0.0, 0.5]
        everything = [one.id for one in await store.search(DOCS, query, 100)]
        assert len(everything) == 12
        for limit in (0, 1, 5, 11, 12, 13):
            assert [one.id for one in await store.search(DOCS, query, limit)] == everything[:limit]
        assert len(await store.search(DOCS, query)) == 5

    @clause
    async def test_a_bad_limit_is_refused(self, store: Handle) -> None:
        """A limit is an integer of at least 0, a batch size one of at least 1: else an `InvalidInputError`."""
        await collection(store, documents(2))
        limits: list[Any] = [-1, None, True, 5.0, "5"]
        for limit in limits:
            with case(limit):
                with refuses(InvalidInputError, why="search"):
                    await store.search(DOCS, [1.0, 0.0, 0.0], limit)
                with refuses(InvalidInputError, why="iter_documents"):
                    await store.iter_documents(DOCS, batch_size=limit)
                with refuses(InvalidInputError, why="iter_documents"):
                    await store.iter_documents(DOCS, batch_size=0)

    @clause
    async def test_a_bad_threshold_is_refused(self, store: Handle) -> None:
        """A threshold is a finite number: anything else is an `InvalidInputError`."""
        await collection(store, documents(2))
        thresholds: list[Any] = [math.nan, math.inf, "0.5", True]
        for threshold in thresholds:
            with case(threshold), refuses(InvalidInputError):
                await store.search(DOCS, [1.0, 0.0, 0.0], score_threshold=threshold)

    @clause
    async def test_a_search_follows_every_change(self, store: Handle) -> None:
        """What was written, replaced or deleted is so for the next search."""
        await collection(store, [document("a", embedding=[1.0, 0.0, 0.0])])
        query = [1.0, 0.0, 0.0]
        await store.insert(DOCS, [document("b", embedding=[1.0, 0.1, 0.0])])
        assert [one.id for one in await store.search(DOCS, query)] == ["a", "b"]
        await store.upsert(DOCS, [document("a", embedding=[0.0, 1.0, 0.0])])
        assert [one.id for one in await store.search(DOCS, query)] == ["b", "a"]
        await store.delete(DOCS, ["b"])
        assert [one.id for one in await store.search(DOCS, query)] == ["a"]
        assert await found_ids(store) == ["a"]


async def _golden(store: Handle, distance: str) -> list[list[float]]:
    """200 documents under this distance; none where the engine has no manhattan distance and refuses it."""
    rows = vectors(200, _DIMENSION, 1)
    try:
        await store.create_collection(DOCS, _DIMENSION, distance)
    except InvalidInputError:
        if distance != "manhattan" or distance in getattr(store.raw, "distances", ()):
            raise
        assert await store.list_collections() == []
        return []
    await store.insert(
        DOCS,
        [document(f"d{i}", embedding=row, metadata={"n": i, "third": i % 3}) for i, row in enumerate(rows)],
    )
    return rows


async def _compare(
    store: Handle,
    rows: Sequence[Sequence[float]],
    query: Sequence[float],
    distance: Any,
    limit: int,
    threshold: float | None = None,
    filters: dict[str, Any] | None = None,
) -> None:
    """Compare with the reference: scores by 1e-3; order, and what is left out, within float32's rounding."""
    if not rows:
        return
    items = ((f"d{i}", row, {"n": i, "third": i % 3}) for i, row in enumerate(rows))
    condition = parse_filter(filters)
    expected = exact_search(items, query, distance=distance, limit=limit, condition=condition, threshold=threshold)
    found = await store.search(DOCS, query, limit, filters, threshold)
    what = f"limit={limit}, threshold={threshold}, filters={filters}"
    assert len(found) == len(expected), f"{len(found)} documents, not {len(expected)}: {what}"
    assert len({one.id for one in found}) == len(found), f"a document twice: {what}"
    for one, (expected_id, expected_score) in zip(found, expected, strict=True):
        own = score(distance, rows[int(one.id[1:])], query)
        assert abs(one.score - own) <= 1e-3 * max(1.0, abs(own)), f"{one.id} scored {one.score}, not {own}: {what}"
        tie = 1e-5 * max(1.0, abs(own))
        assert abs(own - expected_score) <= tie, f"{one.id} ({own}) for {expected_id} ({expected_score}): {what}"
