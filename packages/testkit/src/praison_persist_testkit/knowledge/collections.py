"""Clauses on collections: create, describe, list, delete."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

from praison_persist.errors import AlreadyExistsError, DimensionMismatchError, InvalidInputError, NotFoundError

from ..exact import assert_same
from ..running import Handle, Harness, only, refuses
from ..samples import JSON_VALUES, NOT_JSON
from ..suite import Suite, case, clause
from .build import DOCS, collection, document, documents, found_ids

__all__ = ["Collections"]

_BAD_NAMES: dict[str, Any] = {
    "empty": "",
    "digit first": "1docs",
    "dash": "my-docs",
    "space": "my docs",
    "trailing space": "docs ",
    "trailing newline": "docs\n",
    "dot": "a.b",
    "slash": "../docs",
    "double quote": 'docs" --',
    "single quote": "docs' OR '1'='1",
    "semicolon": "docs;DROP TABLE docs",
    "unicode": "d\u00f6cs",
    "unicode digit": "docs\u0661",
    "nul": "docs\x00",
    "64 characters": "d" * 64,
    "integer": 5,
    "none": None,
    "bytes": b"docs",
}

_BAD_DIMENSIONS: dict[str, Any] = {
    "zero": 0,
    "negative": -1,
    "true": True,
    "float": 3.0,
    "text": "3",
    "none": None,
    "too large": 65537,
    "injection": "3); DROP TABLE docs; --",
}


class Collections(Suite):
    """Collections as such."""

    @clause
    async def test_a_collection_is_described_as_it_was_created(self, store: Handle) -> None:
        """`describe_collection` gives dimension, distance and metadata; without a distance it is cosine."""
        await store.create_collection("one", 3)
        await store.create_collection("two", 17, "euclidean", {"model": "m", "n": 1})
        await store.create_collection("three", 4, distance="dot", metadata={})
        one, two, three = [await store.describe_collection(name) for name in ("one", "two", "three")]
        assert (one.name, one.dimension, one.distance, one.metadata) == ("one", 3, "cosine", None)
        assert (two.name, two.dimension, two.distance, two.metadata) == ("two", 17, "euclidean", {"model": "m", "n": 1})
        assert (three.name, three.dimension, three.distance, three.metadata) == ("three", 4, "dot", {})

    @clause
    async def test_collection_metadata_keeps_its_types(self, store: Handle) -> None:
        """A collection's metadata is a JSON mapping and comes back with every type."""
        for i, value in enumerate(JSON_VALUES.values()):
            await store.create_collection(f"c{i}", 2, metadata=copy.deepcopy(value))
            assert_same((await store.describe_collection(f"c{i}")).metadata, value)

    @clause
    async def test_a_new_collection_exists_and_is_empty(self, store: Handle) -> None:
        """`create_collection` creates an empty collection."""
        assert await store.collection_exists(DOCS) is False
        assert await store.create_collection(DOCS, 3) is None
        assert await store.collection_exists(DOCS) is True
        assert await store.count(DOCS) == 0
        assert await store.search(DOCS, [1.0, 0.0, 0.0]) == []
        assert await store.get(DOCS, ["d0"]) == []
        assert await store.iter_documents(DOCS) == []

    @clause
    async def test_creating_a_collection_twice_is_refused(self, store: Handle) -> None:
        """`create_collection` of a name that is taken is an `AlreadyExistsError`; the collection is not touched."""
        await collection(store, documents(3), distance="dot", metadata={"a": 1})
        for arguments in ({}, {"distance": "dot", "metadata": {"a": 1}}, {"dimension": 5}):
            with refuses(AlreadyExistsError):
                await store.create_collection(DOCS, **{"dimension": 3, **arguments})
        assert await found_ids(store) == ["d0", "d1", "d2"]
        info = await store.describe_collection(DOCS)
        assert (info.dimension, info.distance, info.metadata) == (3, "dot", {"a": 1})

    @clause
    async def test_one_of_many_creators_wins(self, harness: Harness) -> None:
        """Of many that create one collection one succeeds, and the others get an `AlreadyExistsError`."""
        store = harness.opened[0]
        results = await harness.together(8, lambda i: store.create_collection(DOCS, i + 2))
        assert only(results, AlreadyExistsError) == [None]
        winner = next(i for i, result in enumerate(results) if result is None)
        assert (await store.describe_collection(DOCS)).dimension == winner + 2

    @clause
    async def test_delete_collection_deletes_its_documents(self, store: Handle) -> None:
        """`delete_collection` deletes the collection with its documents; False when there was none."""
        assert await store.delete_collection(DOCS) is False
        await collection(store, documents(3))
        await collection(store, documents(2), name="other")
        assert await store.delete_collection(DOCS) is True
        assert await store.collection_exists(DOCS) is False
        assert await store.delete_collection(DOCS) is False
        assert await found_ids(store, "other") == ["d0", "d1"]

    @clause
    async def test_a_collection_created_anew_is_another(self, store: Handle) -> None:
        """A collection that was deleted may be created anew with another dimension and distance, and is empty."""
        await collection(store, documents(3))
        await store.search(DOCS, [1.0, 0.0, 0.0])
        await store.delete_collection(DOCS)
        await store.create_collection(DOCS, 2, "euclidean")
        assert await store.count(DOCS) == 0
        await store.insert(DOCS, [document("d0", embedding=[3.0, 4.0])])
        found = await store.search(DOCS, [0.0, 0.0])
        assert [one.id for one in found] == ["d0"]
        assert abs(found[0].score - 1 / 6) < 1e-3
        with refuses(DimensionMismatchError):
            await store.search(DOCS, [1.0, 0.0, 0.0])

    @clause
    async def test_collections_are_listed_sorted(self, store: Handle) -> None:
        """`list_collections` gives the names of this store's collections, sorted."""
        assert await store.list_collections() == []
        names = ["b", "a", "Z", "_x", "a1", "a_b", "d" * 63]
        for name in names:
            await store.create_collection(name, 2)
        assert await store.list_collections() == sorted(names)
        await store.delete_collection("a")
        assert await store.list_collections() == sorted(set(names) - {"a"})

    @clause
    async def test_collection_names_are_exact(self, store: Handle) -> None:
        """Two names are two collections, also when they differ by case only."""
        for i, name in enumerate(("docs", "Docs", "DOCS", "docs_")):
            await collection(store, documents(i + 1), name=name)
        for i, name in enumerate(("docs", "Docs", "DOCS", "docs_")):
            assert await store.count(name) == i + 1

    @clause
    async def test_an_unknown_collection_is_not_found(self, store: Handle) -> None:
        """Every method that names a collection which does not exist raises `NotFoundError`."""
        calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
            ("describe_collection", (), {}),
            ("insert", (documents(1),), {}),
            ("insert", ([],), {}),
            ("upsert", (documents(1),), {}),
            ("upsert", ([],), {}),
            ("search", ([1.0, 0.0, 0.0],), {}),
            ("search", ([1.0, 0.0, 0.0],), {"limit": 0}),
            ("get", (["a"],), {}),
            ("get", ([],), {}),
            ("delete", (["a"],), {}),
            ("delete", ([],), {}),
            ("delete", (), {"filters": {"a": 1}}),
            ("delete", (), {"all": True}),
            ("count", (), {}),
            ("count", ({"a": 1},), {}),
            ("iter_documents", (), {}),
        ]
        for deleted in (False, True):
            if deleted:
                await collection(store, documents(1))
                await store.count(DOCS)
                await store.delete_collection(DOCS)
            for method, args, kwargs in calls:
                with refuses(NotFoundError, why=f"{method}{args[:1]}"):
                    await getattr(store, method)(DOCS, *args, **kwargs)
        assert await store.list_collections() == []

    @clause
    async def test_a_bad_collection_name_is_refused(self, store: Handle) -> None:
        """A name is letters, digits and underscore, at most 63: anything else is refused and inert everywhere."""
        await collection(store, documents(2))
        for label, name in _BAD_NAMES.items():
            with case(label):
                with refuses(InvalidInputError, why="create_collection"):
                    await store.create_collection(name, 3)
                calls: list[tuple[str, tuple[Any, ...]]] = [
                    ("describe_collection", ()),
                    ("insert", (documents(1),)),
                    ("upsert", (documents(1),)),
                    ("search", ([1.0, 0.0, 0.0],)),
                    ("get", (["a"],)),
                    ("delete", (["a"],)),
                    ("count", ()),
                    ("iter_documents", ()),
                ]
                for method, args in calls:
                    with refuses(InvalidInputError, NotFoundError, why=method):
                        await getattr(store, method)(name, *args)
                for method in ("delete_collection", "collection_exists"):
                    with suppress(InvalidInputError):
                        assert await getattr(store, method)(name) is False
                assert await store.list_collections() == [DOCS]
                assert await store.count(DOCS) == 2

    @clause
    async def test_a_bad_dimension_is_refused(self, store: Handle) -> None:
        """A dimension is an integer from 1 to 65536: anything else is an `InvalidInputError`."""
        for label, dimension in _BAD_DIMENSIONS.items():
            with case(label):
                with refuses(InvalidInputError):
                    await store.create_collection(DOCS, dimension)
                assert await store.list_collections() == []

    @clause
    async def test_an_unknown_distance_is_refused(self, store: Handle) -> None:
        """An unknown distance is an `InvalidInputError`, never silently cosine."""
        distances: list[Any] = ["cosinus", "l2", "Cosine", "", None, 1]
        for distance in distances:
            with case(distance):
                with refuses(InvalidInputError):
                    await store.create_collection(DOCS, 3, distance)
                assert await store.list_collections() == []

    @clause
    async def test_collection_metadata_that_is_no_json_is_refused(self, store: Handle) -> None:
        """A collection's metadata is a JSON mapping: anything else is refused, and no collection created."""
        for label, value in NOT_JSON.items():
            with case(label):
                for metadata in (value, {"x": value}):
                    with refuses(InvalidInputError):
                        await store.create_collection(DOCS, 3, metadata=metadata)
                assert await store.list_collections() == []

    @clause(shared=True)
    async def test_another_store_sees_the_collections(self, harness: Harness) -> None:
        """Collections and documents are there for another store, and for one that is opened later."""
        store, second = harness.opened[0], harness.open()
        await collection(store, documents(3, metadata={"a": {"b": 1}}), distance="dot", metadata={"m": None})
        info = await second.describe_collection(DOCS)
        assert (info.dimension, info.distance, info.metadata) == (3, "dot", {"m": None})
        assert await second.upsert(DOCS, [document("d3")]) == ["d3"]
        await store.close()
        third = harness.open()
        assert await third.list_collections() == [DOCS]
        assert await found_ids(third) == ["d0", "d1", "d2", "d3"]
        assert await third.count(DOCS, {"a.b": 1}) == 3
