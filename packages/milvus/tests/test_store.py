"""What is Milvus's own: places, names, indexes, filters."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from praison_persist import ConfigurationError, InvalidInputError, KnowledgeDocument, UnsupportedError
from praison_persist.filters import parse_filter
from praison_persist.narrowing import Narrowed
from praison_persist_milvus import MilvusKnowledgeStore
from praison_persist_milvus.convert import from_name, to_name
from praison_persist_milvus.filters import to_expression
from praison_persist_milvus.location import Location


def of(url: str | None = None, **given: Any) -> Location:
    """The location of these arguments."""
    return Location.of(
        url, **{"path": None, "host": "localhost", "port": 19530, "token": None, "db_name": None, **given}
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Location("http://localhost:19530")),
        ({"host": "::1", "port": 9}, Location("http://[::1]:9")),
        ({"host": "https://h"}, Location("https://h:443")),
        ({"url": "milvus://u:p@h/d"}, Location("http://h:19530", token="u:p", db_name="d")),
        ({"url": "http://h:7?token=k", "db_name": "d"}, Location("http://h:7", token="k", db_name="d")),
        ({"url": "https://k@h", "token": "mine"}, Location("https://h:443", token="mine")),
        ({"url": "./milvus.db"}, Location(path="./milvus.db")),
        ({"path": "dir/milvus.db"}, Location(path="dir/milvus.db")),
    ],
)
def test_arguments_name_a_place(given: dict[str, Any], expected: Location) -> None:
    assert of(**given) == expected


@pytest.mark.parametrize(
    "given",
    [{"url": "redis://h"}, {"url": "http://"}, {"url": "http://h?x=1"}, {"url": "a.db", "path": "b.db"},
     {"url": "localhost:19530"}, {"path": "milvus"}, {"path": "m i.db"}, {"path": "x" * 40 + ".db"},
     {"path": "a.db", "index": {"index_type": "HNSW"}}, {"index": {"M": 4}}],
)  # fmt: skip
def test_wrong_places_and_indexes_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        MilvusKnowledgeStore(**given)


@pytest.mark.parametrize("name", ["docs", "Docs", "DOCS", "_x", "a__u1", "a__u", "A__u0"])
def test_names_keep_their_capitals_though_milvus_lite_folds_them(name: str) -> None:
    native = to_name(name)
    assert native == native.lower()
    assert from_name(native) == name


@pytest.mark.parametrize("embedded", [False, True])
def test_a_filter_becomes_an_expression_that_no_match_fails(embedded: bool) -> None:
    def narrowed(condition: dict[str, Any] | None) -> Narrowed[str]:
        return to_expression(parse_filter(condition), embedded=embedded)

    assert (narrowed(None).where, narrowed(None).exact) == (None, True)
    exact = narrowed({"a": {"$in": [1, "x"]}, "b": True})
    assert exact.exact
    assert exact.where is not None
    assert exact.where.count("json_contains") == (3 if embedded else 2)
    for wider in ({"a": {"$ne": 1}}, {"$or": [{"a": 1}, {"b": {"$ne": 1}}]}):
        assert (narrowed(wider).where, narrowed(wider).exact) == (None, False)
    assert narrowed({"a": {"$in": []}}).where == 'id == ""'
    for condition, is_exact in (
        ({"n": {"$gte": 2020}}, True),
        ({"n": {"$lt": -0.5}}, True),
        ({"n": {"$gt": 2**60}}, False),
        ({"n": {"$lte": "x"}}, False),
    ):
        found = narrowed(condition)
        assert (found.where is not None, found.exact) == (True, is_exact)


def test_a_filter_of_many_values_leaves_the_embedded_engine_alive(tmp_path: Path, milvus_lite: None) -> None:
    with MilvusKnowledgeStore(path=tmp_path / "a.db") as store:
        store.create_collection("docs", 2)
        store.insert("docs", [KnowledgeDocument(f"d{n}", "x", [1.0, n], {"n": n}) for n in range(10)])
        for _ in range(3):
            assert store.count("docs", {"n": {"$in": [9, *range(100, 2100)]}}) == 1
            assert [one.id for one in store.search("docs", [1.0, 0.0])] == [f"d{n}" for n in range(5)]


def test_a_search_with_an_index_still_finds_all_that_match(milvus_place: str, emptied: str) -> None:
    chance = random.Random(3)
    rows = [[chance.gauss(0, 1) for _ in range(16)] for _ in range(600)]
    index = {"index_type": "IVF_FLAT", "nlist": 64}
    with MilvusKnowledgeStore(
        milvus_place, collection_prefix=emptied, index=index, search_params={"nprobe": 1}
    ) as store:
        store.create_collection("docs", 16)
        documents = [KnowledgeDocument(f"d{i}", "", row, {"rare": i % 100 == 0}) for i, row in enumerate(rows)]
        store.insert("docs", documents)
        for filters in ({"rare": True}, {"rare": {"$ne": False}}):
            assert len(store.search("docs", rows[0], 6, filters)) == 6
        assert len(store.search("docs", rows[0], 600)) == 600


def test_more_documents_than_milvus_gives_at_once_are_searched(
    milvus_place: str, emptied: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("praison_persist_milvus.store._MOST", 50)  # instead of 16,384, which take long to store
    with MilvusKnowledgeStore(milvus_place, collection_prefix=emptied) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [KnowledgeDocument(f"d{i}", "", [1.0, i / 100]) for i in range(120)])
        store.upsert("docs", [KnowledgeDocument("far", "", [-1.0, 0.0], {"x": 1})])
        assert [one.id for one in store.search("docs", [1.0, 0.0], 1, {"x": {"$ne": None}, "y": {"$ne": 1}})] == ["d0"]
        assert [one.id for one in store.search("docs", [1.0, 0.0], 1, {"x": {"$gt": 0}})] == ["far"]
        assert [one.id for one in store.search("docs", [1.0, 0.0], 1, {"$not": {"x": {"$exists": False}}})] == ["far"]
        assert [one.id for one in store.search("docs", [1.0, 0.0], 2, {"z": {"$ne": 1}})] == ["d0", "d1"]
        found = store.search("docs", [1.0, 0.0], 121)
        assert (len(found), found[0].id, found[-1].id) == (121, "d0", "far")


def test_metadata_of_more_values_than_milvus_takes_is_refused(milvus_place: str, emptied: str) -> None:
    with MilvusKnowledgeStore(milvus_place, collection_prefix=emptied) as store:
        store.create_collection("docs", 2)
        with pytest.raises(
            InvalidInputError, match=r"5001 names and values, whose digests take 95\d{3} bytes; Milvus takes 65535"
        ):
            store.insert("docs", [KnowledgeDocument("a", "", [1, 0], {"many": list(range(5000))})])
        assert store.count("docs") == 0


def test_texts_that_no_varchar_takes_come_back_and_are_filtered_by(milvus_place: str, emptied: str) -> None:
    content, metadata = "content \u20ac " * 9_000, {"text": "exact \u20ac " * 9_000, "n": 1}
    with MilvusKnowledgeStore(milvus_place, collection_prefix=emptied) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [KnowledgeDocument("long", content, [1, 0], metadata), KnowledgeDocument("b", "", [0, 1])])
        (found,) = store.search("docs", [1, 0], filters={"text": {"$gte": "exact"}, "n": 1})
        assert (found.id, found.content, found.metadata) == ("long", content, metadata)
        assert store.delete("docs", filters={"text": {"$ne": "x"}, "n": {"$exists": True}}) == 1
        assert store.count("docs") == 1


def test_a_collection_of_another_program_is_told(milvus_place: str, emptied: str) -> None:
    with MilvusKnowledgeStore(milvus_place, collection_prefix=emptied) as store:
        with store._engine.guard() as client:
            client.create_collection(f"{emptied}theirs", dimension=4)
        with pytest.raises(UnsupportedError, match="another program"):
            store.describe_collection("theirs")
        assert store.delete_collection("theirs")


def test_as_many_numbers_are_kept_as_milvus_takes_and_more_are_refused(milvus_place: str, emptied: str) -> None:
    numbers = {f"n{i}": -1.2345678901234567e-123 for i in range(650)}
    with MilvusKnowledgeStore(milvus_place, collection_prefix=emptied) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [KnowledgeDocument("most", "x", [1, 0], numbers)])
        with pytest.raises(InvalidInputError, match="numbers at 651 places; Milvus takes 650"):
            store.insert("docs", [KnowledgeDocument("more", "x", [1, 0], {**numbers, "n": 1})])
        assert [one.id for one in store.search("docs", [1, 0], filters={"n649": {"$lt": 0}})] == ["most"]
        assert store.get("docs", ["most"])[0].metadata == numbers
