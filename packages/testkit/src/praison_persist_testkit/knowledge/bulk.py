"""Clauses on storing many documents in batches, and on searching by words."""

from __future__ import annotations

from typing import Any

from praison_persist.errors import InvalidInputError, PartialWriteError, UnsupportedError

from ..running import Handle, refuses
from ..suite import Suite, case, clause, each
from .build import DOCS, collection, document, documents, found_ids

__all__ = ["Bulk", "TextSearching"]


class Bulk(Suite):
    """`upsert_many`, and ``wait``."""

    @clause
    async def test_upsert_many_takes_any_iterable_and_tells_its_progress(self, store: Handle) -> None:
        """`upsert_many` consumes an iterable batch by batch, tells the number stored, and replaces documents."""
        await collection(store, [document("d3", "old")])
        told: list[int] = []
        stored = await store.upsert_many(DOCS, iter(documents(25)), batch_size=10, progress=told.append)
        assert (stored, told) == (25, [10, 20, 25])
        assert await store.count(DOCS) == 25
        assert (await store.get(DOCS, ["d3"]))[0].content == "d3"
        assert await store.upsert_many(DOCS, []) == 0

    @clause
    async def test_upsert_many_says_where_it_stopped(self, store: Handle) -> None:
        """A batch that fails is a `PartialWriteError` that says how many are stored; the call can go on from there."""
        await collection(store)
        given = documents(25)
        good, given[14] = given[14], document("d14", embedding=[1.0])
        with refuses(PartialWriteError) as refusal:
            await store.upsert_many(DOCS, given, batch_size=10)
        assert refusal.error.stored == 10
        assert await found_ids(store) == sorted(f"d{i}" for i in range(10))
        given[14] = good
        assert await store.upsert_many(DOCS, given[refusal.error.stored :], batch_size=10) == 15
        assert await store.count(DOCS) == 25

    @clause
    @each("wait", {"wait": True, "no wait": False})
    async def test_documents_are_stored_whether_waited_for_or_not(self, store: Handle, wait: bool) -> None:
        """`insert` and `upsert` store with ``wait`` and without; another value than True or False is an error."""
        await collection(store)
        await store.insert(DOCS, [document("a")], wait=wait)
        await store.upsert(DOCS, [document("b")], wait=wait)
        assert [one.id for one in await store.get(DOCS, ["a", "b"])] == ["a", "b"]
        for method in (store.insert, store.upsert):
            with refuses(InvalidInputError):
                await method(DOCS, [document("c")], wait=None)


_MISTAKES: dict[str, dict[str, Any]] = {
    "unknown mode": {"mode": "semantic"},
    "no mode": {"mode": None},
    "text without a mode": {"text": "word"},
    "hybrid without text": {"mode": "hybrid"},
    "hybrid with empty text": {"mode": "hybrid", "text": " "},
    "hybrid with a threshold": {"mode": "hybrid", "text": "word", "score_threshold": 0.5},
    "keyword with a vector": {"mode": "keyword", "text": "word"},
}


class TextSearching(Suite):
    """`search` with ``text`` and ``mode``."""

    @clause
    async def test_a_wrong_mode_or_text_is_refused(self, store: Handle) -> None:
        """Text is never ignored: a mode that the engine lacks, or that does not fit the arguments, is an error."""
        await collection(store, documents(2))
        for label, arguments in _MISTAKES.items():
            with case(label), refuses(InvalidInputError, UnsupportedError):
                await store.search(DOCS, [1.0, 0.0, 0.0], **arguments)

    @clause
    @each("mode", {"keyword": "keyword", "hybrid": "hybrid"})
    async def test_a_rare_word_is_found(self, store: Handle, mode: str) -> None:
        """Where the engine has the mode, the document with a rare word comes first, and filters hold."""
        words = ["apples and pears", "pears and plums", "a zyzzyva on a palm", "plums and apples"]
        given = [document(f"d{i}", text, metadata={"i": i}) for i, text in enumerate(words)]
        await collection(store, given)
        vector = None if mode == "keyword" else [1.0, 2.0, 2.0]
        if mode not in getattr(store.raw, "search_modes", ("vector",)):
            with refuses(UnsupportedError):
                await store.search(DOCS, vector, text="zyzzyva", mode=mode)
            return
        found = await store.search(DOCS, vector, text="zyzzyva", mode=mode)
        assert found[0].id == "d2"
        assert found[0].score is not None
        assert found[0].content == words[2]
        filtered = await store.search(DOCS, vector, 5, {"i": {"$ne": 2}}, text="plums", mode=mode)
        assert {"d1", "d3"} <= {one.id for one in filtered} <= {"d0", "d1", "d3"}
