"""Clauses on storing, reading and deleting documents."""

from __future__ import annotations

import asyncio
import copy
import math
from typing import Any

from praison_persist.errors import AlreadyExistsError, DimensionMismatchError, InvalidInputError, SerializationError
from praison_persist.knowledge import KnowledgeDocument

from ..running import Handle, Harness, only, refuses
from ..samples import BAD_IDS, HOSTILE_TEXTS, JSON_VALUES, NOT_JSON, TEXTS
from ..suite import Suite, clause, each
from ..worker import run_workers
from .build import DOCS, assert_document, collection, document, documents, float32, found_ids, vectors

__all__ = ["Deleting", "Fidelity", "Refusals", "Writing"]

_RESERVED: dict[str, Any] = {
    "field names": {
        key: f"my {key}"
        for key in ("id", "content", "score", "doc_id", "embedding", "created_at", "content_hash", "metadata", "vector")
    },
    "field types": {"id": 5, "content": None, "score": "high", "embedding": [1, 2], "created_at": {"a": 1}},
    "underscores": {"_id": 1, "_score": 2, "__praison": 3, "_distance": 4, "$vector": 5, "document": 6, "text": 7},
}

_EMBEDDINGS: dict[str, Any] = {
    "none": None,
    "empty": [],
    "short": [1.0, 2.0],
    "long": [1.0, 2.0, 3.0, 4.0],
    "nan": [1.0, math.nan, 2.0],
    "infinity": [1.0, math.inf, 2.0],
    "beyond float32": [1.0, 1e39, 2.0],
    "text": "123",
    "texts": ["1", "2", "3"],
    "none inside": [1.0, None, 2.0],
    "bool inside": [1.0, True, 2.0],
    "nested": [[1.0], [2.0], [3.0]],
    "number": 5.0,
    "mapping": {0: 1.0, 1: 2.0, 2: 3.0},
}

_BAD_FIELDS: dict[str, Any] = {
    "no document": None,
    "content none": {"content": None},
    "content integer": {"content": 5},
    "content bytes": {"content": b"bytes"},
    "content list": {"content": ["a"]},
    "metadata list": {"metadata": []},
    "metadata text": {"metadata": "{}"},
    "created_at nan": {"created_at": math.nan},
    "created_at text": {"created_at": "now"},
    "created_at bool": {"created_at": True},
    "content_hash integer": {"content_hash": 5},
    "id too long": {"id": "i" * 513},
}


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
        size = 3 * int(getattr(store.raw, "max_batch", 1000)) + 1
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


class Fidelity(Suite):
    """What goes in comes out."""

    @clause
    @each("value", {**JSON_VALUES, **_RESERVED})
    async def test_metadata_comes_back_with_its_types(self, store: Handle, value: dict[str, Any]) -> None:
        """Metadata is kept whole: nested values, None, lists, any key; it never replaces a field of the document."""
        await collection(store)
        given = document("a", "text", metadata=copy.deepcopy(value), created_at=123.5)
        await store.insert(DOCS, [copy.deepcopy(given)])
        await store.upsert(DOCS, [document("b", "text b", metadata=copy.deepcopy(value))])
        assert_document((await store.get(DOCS, ["a"]))[0], given)
        assert [one.id for one in await store.get(DOCS, ["b"])] == ["b"]
        for one in await store.iter_documents(DOCS):
            assert_document(one, (await store.get(DOCS, [one.id]))[0])
        found = next(one for one in await store.search(DOCS, given.embedding) if one.id == "a")
        found.embedding, found.score = given.embedding, None
        assert_document(found, given)

    @clause
    @each("text", TEXTS)
    async def test_content_comes_back_exactly(self, store: Handle, text: str) -> None:
        """Content is any text: NUL, lone surrogates, emoji, and nothing at all."""
        given = [document("a", text), document("b", f"x{text}x", metadata={"x": text, "list": [text]})]
        await collection(store, given)
        for one in given:
            assert_document((await store.get(DOCS, [one.id]))[0], one)
        assert sorted(one.content for one in await store.search(DOCS, given[0].embedding)) == sorted(
            one.content for one in given
        )

    @clause
    async def test_a_megabyte_comes_back(self, store: Handle) -> None:
        """Content of a megabyte is kept."""
        given = document("a", "0123456789abcd\u00fc" * 2**16)
        await collection(store, [given])
        assert_document((await store.get(DOCS, ["a"]))[0], given)

    @clause
    async def test_hash_and_time_come_back(self, store: Handle) -> None:
        """``content_hash`` and ``created_at`` are kept; None and {} as metadata stay distinct."""
        given = [
            document("a", "", created_at=0.0, metadata=None),
            document("b", "text", created_at=1700000000.123456, metadata={}),
            document("c", "text", content_hash="my hash", created_at=-5),
            document("d", "text", content_hash="", created_at=2.0**40 + 0.5),
        ]
        await collection(store, given)
        for one in given:
            assert_document((await store.get(DOCS, [one.id]))[0], one)

    @clause
    @each("distance", {"cosine": "cosine", "dot": "dot", "euclidean": "euclidean"})
    async def test_embeddings_come_back_as_they_were(self, store: Handle, distance: str) -> None:
        """`get` and `iter_documents` give the embedding as it was stored, not normalised, whatever the distance."""
        rows = [*vectors(20, 24, 1), [1e-6] * 24, [100.0] + [0.0] * 23, [float32(1e6 * (i + 1)) for i in range(24)]]
        await store.create_collection(DOCS, 24, distance)
        given = {f"d{i}": document(f"d{i}", embedding=row) for i, row in enumerate(rows)}
        given["integers"] = document("integers", embedding=list(range(1, 25)))
        await store.insert(DOCS, copy.deepcopy(list(given.values())))
        for found in (await store.get(DOCS, list(given)), await store.iter_documents(DOCS)):
            assert len(found) == len(given)
            for one in found:
                assert_document(one, given[one.id])

    @clause
    async def test_document_ids_are_exact(self, store: Handle) -> None:
        """Document ids are exact, 1 to 512 characters: none is folded into another, quoted out or refused."""
        ids = [*HOSTILE_TEXTS, "x') OR 1=1 --", '"; drop', "i" * 512, "i" * 511 + "j", "\U0001f9e1" * 512, "a/b#1"]
        await collection(store, [document(id_, f"text {i}") for i, id_ in enumerate(ids)])
        assert [one.content for one in await store.get(DOCS, ids)] == [f"text {i}" for i in range(len(ids))]
        assert [one.id for one in await store.get(DOCS, ids)] == ids
        assert await found_ids(store) == sorted(ids)
        assert sorted(one.id for one in await store.search(DOCS, [1.0, 0.0, 0.0], 1000)) == sorted(ids)
        for i, id_ in enumerate(ids):
            await store.upsert(DOCS, [document(id_, "replaced")])
            assert await store.count(DOCS) == len(ids) - i
            assert await store.delete(DOCS, [id_]) == 1, f"{id_!a} was gone already"

    @clause
    async def test_a_stored_document_is_no_shared_object(self, store: Handle) -> None:
        """What is stored changes by calls only, and a call leaves its arguments as they were."""
        given = document("a", metadata={"list": [1]})
        expected = copy.deepcopy(given)
        await collection(store)
        await store.insert(DOCS, [given])
        assert given == expected
        given.metadata["list"].append(2)
        given.embedding[0] = 99.0
        for found in (
            (await store.get(DOCS, ["a"]))[0],
            (await store.iter_documents(DOCS))[0],
            (await store.search(DOCS, [1.0, 0.0, 0.0]))[0],
        ):
            found.metadata["list"].append(3)
            if found.embedding:
                found.embedding.clear()
        assert_document((await store.get(DOCS, ["a"]))[0], expected)


class Refusals(Suite):
    """All that is wrong is found before anything is written."""

    @clause
    @each("embedding", _EMBEDDINGS)
    async def test_a_bad_embedding_is_refused(self, store: Handle, embedding: Any) -> None:
        """An embedding is ``dimension`` finite float32 numbers: else an error, and nothing of the batch is written."""
        await collection(store, documents(1))
        wrong_length = embedding in ([], [1.0, 2.0], [1.0, 2.0, 3.0, 4.0])
        expected = DimensionMismatchError if wrong_length else InvalidInputError
        for method in ("insert", "upsert"):
            bad = KnowledgeDocument(id="bad", content="bad", embedding=embedding)
            with refuses(expected, why=method):
                await getattr(store, method)(DOCS, [document("good"), bad, document("better")])
        if embedding is not None:
            with refuses(expected, why="search"):
                await store.search(DOCS, embedding)
        assert await found_ids(store) == ["d0"]

    @clause
    async def test_a_zero_vector_is_refused_under_cosine_only(self, store: Handle) -> None:
        """A zero vector has no direction: an `InvalidInputError` under cosine, and fine otherwise."""
        zero = document("zero", embedding=[0.0, 0.0, -0.0])
        await collection(store, documents(1), name="cosine")
        for method in ("insert", "upsert"):
            with refuses(InvalidInputError, why=method):
                await getattr(store, method)("cosine", [document("good"), zero])
        with refuses(InvalidInputError, why="search"):
            await store.search("cosine", [0.0, 0.0, 0.0])
        assert await found_ids(store, "cosine") == ["d0"]
        for distance in ("dot", "euclidean"):
            await collection(store, [zero, document("other")], name=distance, distance=distance)
            assert len(await store.search(distance, [0.0, 0.0, 0.0])) == 2

    @clause
    @each("bad", _BAD_FIELDS)
    async def test_a_bad_document_is_refused(self, store: Handle, bad: dict[str, Any] | None) -> None:
        """A document outside the contract is an `InvalidInputError`, and nothing of the batch is written."""
        await collection(store, documents(1))
        for method in ("insert", "upsert"):
            given: Any = {"id": "bad"} if bad is None else document("bad")
            for name, value in (bad or {}).items():
                setattr(given, name, value)
            with refuses(InvalidInputError, why=method):
                await getattr(store, method)(DOCS, [document("good"), given])
        assert await found_ids(store) == ["d0"]

    @clause
    @each("value", NOT_JSON)
    async def test_metadata_that_is_no_json_is_refused(self, store: Handle, value: Any) -> None:
        """Metadata that would not come back is a `SerializationError`, and nothing of the batch is written."""
        await collection(store, documents(1))
        for method in ("insert", "upsert"):
            with refuses(SerializationError, why=method):
                await getattr(store, method)(DOCS, [document("good"), document("bad", metadata={"x": value})])
        assert await found_ids(store) == ["d0"]

    @clause
    @each("bad", BAD_IDS)
    async def test_a_bad_document_id_is_refused(self, store: Handle, bad: Any) -> None:
        """An id is 1 to 512 characters without NUL and lone surrogates: anything else is an `InvalidInputError`."""
        await collection(store, documents(1))
        for method in ("insert", "upsert"):
            with refuses(InvalidInputError, why=method):
                await getattr(store, method)(DOCS, [document("good"), document(bad, "text")])
        for method in ("get", "delete"):
            with refuses(InvalidInputError, why=method):
                await getattr(store, method)(DOCS, ["d0", bad])
        assert await found_ids(store) == ["d0"]


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
