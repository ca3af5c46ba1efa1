"""What the vector store adds to the contract: one index, vectors of others, limits, incomplete searches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from upstash_vector import Index

from praison_persist import (
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    NotFoundError,
)
from praison_persist.filters import matches, parse_filter
from praison_persist_upstash import UpstashVectorKnowledgeStore
from praison_persist_upstash.knowledge import reading
from praison_persist_upstash.knowledge.convert import COLLECTION, to_record_id
from praison_persist_upstash.knowledge.filters import to_filter


@pytest.fixture
def store(vectors: Any, fresh_prefix: str) -> Iterator[UpstashVectorKnowledgeStore]:
    with UpstashVectorKnowledgeStore(vectors.url(), vectors.token, collection_prefix=fresh_prefix) as opened:
        yield opened


def document(id_: str, embedding: list[float], **metadata: Any) -> KnowledgeDocument:
    return KnowledgeDocument(id_, f"text of {id_}", embedding, metadata=metadata)


def test_another_dimension_or_distance_than_the_index_has_is_refused(store: UpstashVectorKnowledgeStore) -> None:
    for dimension, distance in ((3, "cosine"), (2, "dot"), (2, "euclidean")):
        with pytest.raises(InvalidInputError, match="dimension 2 and distance 'cosine', not"):
            store.create_collection("docs", dimension, distance)
    with pytest.raises(InvalidInputError, match="manhattan"):
        store.create_collection("docs", 2, "manhattan")
    assert store.list_collections() == []


def test_embedding_dim_is_that_of_the_index(vectors: Any) -> None:
    with UpstashVectorKnowledgeStore(vectors.url(), vectors.token, embedding_dim=2) as store:
        assert store.collection_exists("nothing") is False
    with (
        UpstashVectorKnowledgeStore(vectors.url(), vectors.token, embedding_dim=1536) as store,
        pytest.raises(ConfigurationError, match="dimension 2, not embedding_dim=1536"),
    ):
        store.collection_exists("nothing")


@pytest.mark.parametrize("metric", ["dot_product", "euclidean"])
def test_a_zero_vector_is_kept_where_it_has_a_score(vectors: Any, fresh_prefix: str, metric: str) -> None:
    options = {"token": vectors.token, "collection_prefix": fresh_prefix}
    with UpstashVectorKnowledgeStore(vectors.url(f"2-{metric}"), **options) as store:
        store.create_collection("docs", 2, metric.partition("_")[0])
        store.insert("docs", [document("zero", [0.0, 0.0]), document("other", [3.0, 4.0])])
        assert len(store.search("docs", [0.0, 0.0])) == 2
        assert store.get("docs", ["zero"])[0].embedding == [0.0, 0.0]


def test_a_collection_that_another_store_deleted_is_not_found(store: UpstashVectorKnowledgeStore, vectors: Any) -> None:
    def refused(call: Callable[..., Any], *arguments: Any) -> None:
        store.create_collection("docs", 2)
        assert store.count("docs") == 0
        with UpstashVectorKnowledgeStore(vectors.url(), vectors.token, collection_prefix=store._prefix) as other:
            assert other.delete_collection("docs")
        with pytest.raises(NotFoundError):
            call("docs", *arguments)
        assert store.list_collections() == []

    one = [document("a", [1.0, 0.0])]
    refused(store.insert, one)
    refused(store.upsert, one)
    refused(store.search, [1.0, 0.0])
    refused(store.get, ["a"])
    refused(store.count)
    refused(store.count, {"x": 1})
    refused(store.delete, ["a"])
    refused(lambda name: list(store.iter_documents(name)))


def test_vectors_that_praisonai_wrote_are_read(store: UpstashVectorKnowledgeStore, vectors: Any) -> None:
    flat = {"content": "old", "content_hash": "h", "created_at": 5.5, "lang": "de", "year": 2020}
    raw = Index(vectors.url(), vectors.token)
    raw.upsert(
        [("a", [1.0, 0.0], flat), ("b", [0.0, 1.0], {"lang": "en"}, "as data")], namespace=f"{store._prefix}docs"
    )
    assert store.list_collections() == ["docs"]
    info = store.describe_collection("docs")
    assert (info.dimension, info.distance, info.metadata) == (2, "cosine", None)
    assert store.get("docs", ["a"]) == [
        KnowledgeDocument("a", "old", [1.0, 0.0], {"lang": "de", "year": 2020}, "h", 5.5)
    ]
    assert [one.id for one in store.search("docs", [0, 1], filters={"lang": "de"})] == ["a"]
    assert [one.content for one in store.search("docs", [0, 1], 1)] == ["as data"]
    assert (store.count("docs"), store.count("docs", {"lang": "en"})) == (2, 1)
    store.upsert("docs", [document("a", [1.0, 0.0], lang="fr")])
    assert [one.id for one in store.iter_documents("docs", {"lang": {"$ne": "en"}})] == ["a"]
    with pytest.raises(AlreadyExistsError):
        store.create_collection("docs", 2)
    assert store.delete("docs", all=True) == 2


def test_deleting_all_leaves_the_collection(store: UpstashVectorKnowledgeStore) -> None:
    store.create_collection("docs", 2, metadata={"model": "m"})
    store.insert("docs", [document(f"d{number}", [1.0, number]) for number in range(5)])
    assert store.delete("docs", all=True) == 5
    assert (store.count("docs"), store.describe_collection("docs").metadata) == (0, {"model": "m"})


def test_what_upstash_does_not_keep_is_refused_before_anything_is_sent(store: UpstashVectorKnowledgeStore) -> None:
    store.create_collection("docs", 2)
    good = document("a", [1.0, 0.0])
    for large in (document("b", [1.0, 0.0], x="x" * 48_000), KnowledgeDocument("b", "x" * (2**20 + 1), [1.0, 0.0])):
        with pytest.raises(InvalidInputError, match="bytes"):
            store.upsert("docs", [good, large])
    assert store.count("docs") == 0
    with pytest.raises(InvalidInputError, match="the collection"):
        store.create_collection("more", 2, metadata={"x": "x" * 2**20})


def test_more_than_a_query_gives_is_found(store: UpstashVectorKnowledgeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_MOST", 20)  # of 1,000
    store.create_collection("docs", 2)
    store.insert("docs", [document(f"d{number}", [1.0, number / 100], text=f"{number:03}") for number in range(120)])
    expected = [f"d{number}" for number in range(120)]
    assert [one.id for one in store.search("docs", [1, 0], 115)] == expected[:115]
    late = store.search("docs", [1, 0], 3, filters={"text": {"$gte": "117"}})  # the best 20 do not match
    assert [one.id for one in late] == expected[117:]


def test_a_filtered_search_that_upstash_gives_up_is_completed(make_vectors: Callable[..., Any]) -> None:
    standin = make_vectors("--budget", "10")
    given = [document(f"d{number}", [1.0, number / 100], rare=number > 37) for number in range(40)]
    with UpstashVectorKnowledgeStore(standin.url(), standin.token, visible_timeout=5) as store:
        store.create_collection("docs", 2)
        store.insert("docs", given)  # its own waiting does not depend on the filter alone
        found = store.search("docs", [1, 0], 5, {"rare": True})
        assert [one.id for one in found] == ["d38", "d39"]
        assert found[0].score == pytest.approx(1 / (1 + 0.38**2) ** 0.5)
    with UpstashVectorKnowledgeStore(standin.url(), standin.token, complete=False) as store:
        assert store.search("docs", [1, 0], 5, {"rare": True}) == []
        assert len(store.search("docs", [1, 0], 5, {"rare": False})) == 5


def test_ids_of_vectors_are_plain_and_differ() -> None:
    ids = ["a", "a b", "~a", COLLECTION, "ä", "\n", "x" * 512, "ü" * 512, "a/b?c", to_record_id("ä")]
    native = [to_record_id(id_) for id_ in ids]
    assert len({COLLECTION, *native}) == len(ids) + 1
    assert all(id_.isascii() and id_.isprintable() for id_ in native)
    assert native[:2] == ids[:2]


@pytest.mark.parametrize("operator", ["$gt", "$gte", "$lt", "$lte"])
def test_every_range_is_sent_in_plain_numbers_and_exact(store: UpstashVectorKnowledgeStore, operator: str) -> None:
    bounds = [0, -1, 0.1, -2.5, 1e-6, 2**53 - 1, 1e300, 1e-300, 2**70, "text"]
    values: list[Any] = [*bounds, *([bound, "z"] for bound in bounds), -1e300, 5e-7, 3, None, "tex", "u", {"x": 1}]
    given = {f"d{place}": {"x": value} for place, value in enumerate(values)}
    store.create_collection("docs", 2)
    store.insert("docs", [KnowledgeDocument(id_, "", [1.0, 0.0], metadata=one) for id_, one in given.items()])
    for bound in bounds:
        filters = {"x": {operator: bound}}
        assert "e+" not in to_filter(parse_filter(filters), native=True)
        expected = {id_ for id_, one in given.items() if matches(parse_filter(filters), one)}
        assert {one.id for one in store.search("docs", [1, 0], 50, filters)} == expected, bound


def test_a_filter_that_is_too_long_to_send_is_exact_all_the_same(store: UpstashVectorKnowledgeStore) -> None:
    store.create_collection("docs", 2)
    store.insert("docs", [document(f"d{number}", [1.0, number], n=number) for number in range(9)])
    found = store.search("docs", [1, 0], 5, {"n": {"$in": [7, *range(1000, 2000)]}})
    assert [one.id for one in found] == ["d7"]
