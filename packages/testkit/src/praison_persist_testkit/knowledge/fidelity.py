"""Clauses on what a document keeps, and on what is refused before anything is written."""

from __future__ import annotations

import copy
import math
from typing import Any

from praison_persist.errors import DimensionMismatchError, InvalidInputError, SerializationError
from praison_persist.knowledge import KnowledgeDocument

from ..running import Handle, refuses
from ..samples import BAD_IDS, HOSTILE_TEXTS, JSON_VALUES, NOT_JSON, TEXTS
from ..suite import Suite, case, clause, each
from .build import DOCS, assert_document, collection, document, documents, float32, found_ids, vectors

__all__ = ["Fidelity", "Refusals"]

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
    async def test_a_bad_embedding_is_refused(self, store: Handle) -> None:
        """An embedding is ``dimension`` finite float32 numbers: else an error, and nothing of the batch is written."""
        await collection(store, documents(1))
        for label, embedding in _EMBEDDINGS.items():
            with case(label):
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
    async def test_a_bad_document_is_refused(self, store: Handle) -> None:
        """A document outside the contract is an `InvalidInputError`, and nothing of the batch is written."""
        await collection(store, documents(1))
        for label, bad in _BAD_FIELDS.items():
            with case(label):
                for method in ("insert", "upsert"):
                    given: Any = {"id": "bad"} if bad is None else document("bad")
                    fields: dict[str, Any] = bad or {}
                    for name, value in fields.items():
                        setattr(given, name, value)
                    with refuses(InvalidInputError, why=method):
                        await getattr(store, method)(DOCS, [document("good"), given])
                assert await found_ids(store) == ["d0"]

    @clause
    async def test_metadata_that_is_no_json_is_refused(self, store: Handle) -> None:
        """Metadata that would not come back is a `SerializationError`, and nothing of the batch is written."""
        await collection(store, documents(1))
        for label, value in NOT_JSON.items():
            with case(label):
                for method in ("insert", "upsert"):
                    with refuses(SerializationError, why=method):
                        await getattr(store, method)(DOCS, [document("good"), document("bad", metadata={"x": value})])
                assert await found_ids(store) == ["d0"]

    @clause
    async def test_a_bad_document_id_is_refused(self, store: Handle) -> None:
        """An id is 1 to 512 characters without NUL and lone surrogates: anything else is an `InvalidInputError`."""
        await collection(store, documents(1))
        for label, bad in BAD_IDS.items():
            with case(label):
                for method in ("insert", "upsert"):
                    with refuses(InvalidInputError, why=method):
                        await getattr(store, method)(DOCS, [document("good"), document(bad, "text")])
                for method in ("get", "delete"):
                    with refuses(InvalidInputError, why=method):
                        await getattr(store, method)(DOCS, ["d0", bad])
                assert await found_ids(store) == ["d0"]
