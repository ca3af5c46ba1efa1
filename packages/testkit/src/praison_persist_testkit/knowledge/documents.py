"""Clauses on storing, reading and deleting documents, alone and in a race."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

from praison_persist.errors import AlreadyExistsError, InvalidInputError

from ..running import Handle, Harness, only, refuses
from ..suite import Suite, clause
from ..worker import run_workers
from .build import DOCS, assert_document, collection, document, documents, found_ids

__all__ = ["Deleting", "Writing"]


class Writing(Suite):
    """`insert`, `upsert` and `get`."""

    @clause
    async def test_insert_returns_the_ids_in_order(self, store: Handle) -> None:
        """`insert` and `upsert` return the ids in the given order; nothing for nothing."""
        await collection(store)
        given = documents(5)[::-1]
        assert await store.insert(DOCS, given) == ["d4", "d3", "d2", "d1", "d0"]
        assert await store.upsert(DOCS, given[1:3]) == ["d3", "d2"]
        assert await store.insert(DOCS, []) == []
        assert await store.upsert(DOCS, []) == []
        assert await store.count(DOCS) == 5

    @clause
    async def test_two_inserts_keep_both(self, store: Handle) -> None:
        """What is inserted later leaves what was inserted before."""
        await collection(store)
        for i in range(5):
            await store.insert(DOCS, [document(f"d{i}")])
        await store.insert(DOCS, documents(3, "e"))
        assert await found_ids(store) == ["d0", "d1", "d2", "d3", "d4", "e0", "e1", "e2"]

    @clause
    async def test_get_gives_whole_documents_in_the_order_asked(self, store: Handle) -> None:
        """`get` gives the documents that exist, whole, with embeddings, in the order of the ids."""
        given = [document(f"d{i}", f"text {i}", [i + 1.0, 2.5, -3.0], metadata={"i": i}) for i in range(6)]
        await collection(store, given)
        found = await store.get(DOCS, ["d4", "missing", "d0", "d3"])
        assert [one.id for one in found] == ["d4", "d0", "d3"]
        for one in found:
            assert_document(one, given[int(one.id[1:])])
        assert await store.get(DOCS, []) == []
        assert await store.get(DOCS, ["missing"]) == []

    @clause
    async def test_upsert_replaces_the_whole_document(self, store: Handle) -> None:
        """`upsert` replaces the document whole: no metadata, hash or vector of the old one remains."""
        old = document("a", "old", metadata={"kept": 1, "nested": {"x": 1, "y": 2}}, content_hash="h", created_at=5.0)
        await collection(store, [old, document("b")])
        new = document("a", "new", [3.0, 0.5, 0.25], metadata={"nested": {"y": 3}}, created_at=6.0)
        await store.upsert(DOCS, [copy.deepcopy(new)])
        assert_document((await store.get(DOCS, ["a"]))[0], new)
        assert await store.count(DOCS, {"kept": {"$exists": True}}) == 0
        assert await store.count(DOCS, {"nested.x": 1}) == 0
        bare = document("a", "bare", metadata=None)
        await store.upsert(DOCS, [copy.deepcopy(bare), document("c")])
        assert_document((await store.get(DOCS, ["a"]))[0], bare)
        assert await found_ids(store) == ["a", "b", "c"]

    @clause
    async def test_the_last_of_an_id_wins_in_an_upsert(self, store: Handle) -> None:
        """Within one batch of `upsert` the last document of an id wins."""
        await collection(store)
        await store.upsert(DOCS, [document("a", "first", metadata={"x": 1}), document("b"), document("a", "last")])
        assert [(one.content, one.metadata) for one in await store.get(DOCS, ["a"])] == [("last", None)]
        assert await store.count(DOCS) == 2

    @clause
    async def test_inserting_an_existing_id_writes_nothing(self, store: Handle) -> None:
        """`insert` of an id that exists is an `AlreadyExistsError`, and nothing of the batch is written."""
        first = document("a", "first", metadata={"x": 1})
        await collection(store, [first])
        for batch in ([document("a", "second")], [document("b"), document("a", "second"), document("c")]):
            with refuses(AlreadyExistsError):
                await store.insert(DOCS, batch)
            assert await found_ids(store) == ["a"]
        assert_document((await store.get(DOCS, ["a"]))[0], first)

    @clause
    async def test_an_id_twice_in_a_batch_writes_nothing(self, store: Handle) -> None:
        """`insert` of an id that occurs twice in the batch is an `AlreadyExistsError`, and nothing is written."""
        await collection(store)
        with refuses(AlreadyExistsError):
            await store.insert(DOCS, [document("a"), document("b"), document("a")])
        assert await store.count(DOCS) == 0

    @clause
    async def test_more_than_a_batch_of_the_engine_is_stored(self, store: Handle) -> None:
        """`insert`, `get`, `upsert` and `delete` take more documents than the engine takes in one call."""
        await collection(store)
        size = int(getattr(store.raw, "max_batch", 1000)) + 1
        given = documents(size)
        ids = [one.id for one in given]
        assert await store.insert(DOCS, given) == ids
        assert await store.count(DOCS) == size
        assert [one.id for one in await store.get(DOCS, ids)] == ids
        late = [*documents(size, "e")[:-1], document(ids[0], "late")]
        with refuses(AlreadyExistsError, why="a conflict in the last batch"):
            await store.insert(DOCS, late)
        assert await store.count(DOCS) == size, "batches before the conflict were written"
        for one in given:
            one.content = "new"
        await store.upsert(DOCS, given)
        assert {one.content for one in await store.get(DOCS, ids)} == {"new"}
        assert await store.delete(DOCS, [*ids[1:], "missing"]) == size - 1
        assert await found_ids(store) == ids[:1]

    @clause
    async def test_iter_documents_gives_all_with_embeddings(self, store: Handle) -> None:
        """`iter_documents` gives every matching document, whole, with its embedding, whatever the batch size."""
        given = {one.id: one for one in documents(53)}
        for i, one in enumerate(given.values()):
            one.metadata = {"even": i % 2 == 0, "i": i}
        await collection(store, list(given.values()))
        for size in (1, 7, 52, 53, 54, 1000):
            found = await store.iter_documents(DOCS, batch_size=size)
            assert sorted(one.id for one in found) == sorted(given)
            for one in found:
                assert_document(one, given[one.id])
            even = await store.iter_documents(DOCS, {"even": True}, batch_size=size)
            assert sorted(one.metadata["i"] for one in even) == list(range(0, 53, 2))

    @clause
    async def test_of_many_inserts_of_an_id_one_wins(self, harness: Harness) -> None:
        """Of many that insert one id exactly one succeeds, and the others get an `AlreadyExistsError`."""
        store = harness.opened[0]
        await collection(store)
        for round_ in range(5):
            results = await harness.together(
                8, lambda i, n=round_: store.insert(DOCS, [document(f"d{n}", f"by {i}"), document(f"e{n}-{i}")])
            )
            assert only(results, AlreadyExistsError) == [[f"d{round_}", f"e{round_}-{_winner(results)}"]]
            found = await store.get(DOCS, [f"d{round_}"])
            assert [one.content for one in found] == [f"by {_winner(results)}"]
        assert await store.count(DOCS) == 10

    @clause
    async def test_concurrent_upserts_make_no_duplicates(self, harness: Harness) -> None:
        """Of many that upsert the same ids each document is one of theirs, whole, and there once."""
        store = harness.opened[0]
        await collection(store)

        async def write(writer: int) -> None:
            for _ in range(3):
                batch = documents(20, metadata={"by": writer})
                for one in batch:
                    one.content = f"by {writer}"
                await store.upsert(DOCS, batch if writer % 2 else batch[::-1])

        only(await harness.together(8, write))
        assert await store.count(DOCS) == 20
        found = await store.iter_documents(DOCS)
        assert sorted(one.id for one in found) == sorted(f"d{i}" for i in range(20))
        for one in found:
            assert one.content == f"by {one.metadata['by']}"

    @clause(processes=True)
    async def test_two_processes_write_one_collection(self, harness: Harness) -> None:
        """Two processes may write to one collection, and nothing of either is lost."""
        await collection(harness.opened[0])
        await asyncio.to_thread(run_workers, harness.target, "insert", 2, {"collection": DOCS, "count": 30})
        assert await harness.opened[0].count(DOCS) == 60


def _winner(results: list[Any]) -> int:
    return next(i for i, result in enumerate(results) if not isinstance(result, BaseException))


class Deleting(Suite):
    """`delete` and `count`."""

    @clause
    async def test_deleting_by_ids_counts_what_was_there(self, store: Handle) -> None:
        """`delete` by ids says how many there were; ``[]`` deletes nothing."""
        await collection(store, documents(6))
        assert await store.delete(DOCS, ["d1", "missing", "d4", "d1"]) == 2
        assert await found_ids(store) == ["d0", "d2", "d3", "d5"]
        assert await store.delete(DOCS, ["d1"]) == 0
        assert await store.delete(DOCS, []) == 0
        assert await store.delete(DOCS, ids=[], filters={"a": {"$exists": False}}) == 0
        assert await store.count(DOCS) == 4

    @clause
    async def test_deleting_by_filter_counts_what_matched(self, store: Handle) -> None:
        """`delete` by filter deletes what matches and nothing else; with ids as well, the named ones that match."""
        given = documents(10)
        for i, one in enumerate(given):
            one.metadata = {"even": i % 2 == 0, "i": i}
        await collection(store, given)
        assert await store.delete(DOCS, filters={"i": 3}) == 1
        assert await store.delete(DOCS, filters={"i": 3}) == 0
        assert await store.delete(DOCS, ["d0", "d1", "d2", "missing"], {"even": True}) == 2
        assert await found_ids(store) == ["d1", "d4", "d5", "d6", "d7", "d8", "d9"]
        assert await store.delete(DOCS, filters={"even": False}) == 4
        assert await found_ids(store) == ["d4", "d6", "d8"]

    @clause
    async def test_deleting_everything_takes_a_word(self, store: Handle) -> None:
        """Deleting everything takes ``all=True``: without ids, filter or that word it is an `InvalidInputError`."""
        await collection(store, documents(3))
        await collection(store, documents(2), name="other")
        nothing: list[dict[str, Any]] = [{}, {"filters": {}}, {"ids": None}, {"all": False}]
        nothing += [{"filters": {}, "ids": ["d0"]}]
        for arguments in nothing:
            with refuses(InvalidInputError, why=str(arguments)):
                await store.delete(DOCS, **arguments)
        assert await store.count(DOCS) == 3
        assert await store.delete(DOCS, all=True) == 3
        assert await store.count(DOCS) == 0
        assert await store.delete(DOCS, all=True) == 0
        assert await store.collection_exists(DOCS) is True
        assert await store.count("other") == 2
        await store.insert(DOCS, documents(1))
        assert await store.count(DOCS) == 1

    @clause
    async def test_count_is_exact(self, store: Handle) -> None:
        """`count` says how many documents match, exactly and at once."""
        await collection(store)
        for i in range(5):
            await store.insert(DOCS, documents(20, f"{i}-", metadata={"i": i}))
            assert await store.count(DOCS) == 20 * (i + 1)
        assert await store.count(DOCS, {"i": 3}) == 20
        assert await store.count(DOCS, {"i": {"$gt": 2}}) == 40
        assert await store.count(DOCS, {}) == 100
        await store.delete(DOCS, filters={"i": {"$in": [0, 1]}})
        assert await store.count(DOCS) == 60
