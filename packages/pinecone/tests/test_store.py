"""What this store adds to the contract: names, indexes of others, conflicts, limits of Pinecone."""

from __future__ import annotations

from typing import Any

import pytest
from pinecone import Pinecone

from praison_persist import AlreadyExistsError, ConfigurationError, InvalidInputError, KnowledgeDocument
from praison_persist_pinecone import PineconeKnowledgeStore, reading
from praison_persist_pinecone.convert import index_name, to_record_id


@pytest.fixture
def store(pinecone_url: str, fresh_prefix: str) -> Any:
    with PineconeKnowledgeStore(pinecone_url, collection_prefix=fresh_prefix) as opened:
        yield opened
        for name in opened.list_collections():
            opened.delete_collection(name)


@pytest.fixture
def raw(pinecone_url: str) -> Any:
    key, _, place = pinecone_url.partition("://")[2].rpartition("@")
    with Pinecone(api_key=key, host=f"{pinecone_url.partition('://')[0]}://{place}") as client:
        yield client


def document(id_: str, embedding: list[float], **metadata: Any) -> KnowledgeDocument:
    return KnowledgeDocument(id_, f"text of {id_}", embedding, metadata=metadata)


def test_an_index_with_another_dimension_or_distance_is_told(store: PineconeKnowledgeStore) -> None:
    store.create_collection("docs", 3, "dot")
    for dimension, distance in ((4, "dot"), (3, "cosine")):
        with pytest.raises(AlreadyExistsError, match=f"dimension 3 and distance 'dot', not {dimension}"):
            store.create_collection("docs", dimension, distance)


def test_cloud_region_and_protection_reach_the_index(pinecone_url: str, fresh_prefix: str, raw: Any) -> None:
    options: dict[str, Any] = {"collection_prefix": fresh_prefix, "deletion_protection": True}
    with PineconeKnowledgeStore(pinecone_url, environment="europe-west4-gcp", **options) as store:
        store.create_collection("docs", 3)
        index = raw.indexes.describe(index_name(f"{fresh_prefix}docs"))
        assert (index.deployment.cloud, index.deployment.region) == ("gcp", "europe-west4")
        with pytest.raises(ConfigurationError, match="protection"):
            store.delete_collection("docs")


def test_an_index_that_praisonai_filled_is_read(pinecone_url: str, raw: Any, fresh_prefix: str) -> None:
    name = f"{fresh_prefix.strip('_').replace('_', '-').lower()}-made-by-praisonai"[-45:].strip("-")
    raw.indexes.create(
        name=name,
        schema={"fields": {"_values": {"type": "dense_vector", "dimension": 2, "metric": "euclidean"}}},
        deployment={"deployment_type": "managed", "cloud": "aws", "region": "us-east-1"},
    )
    try:
        index = raw.index(name)
        flat = {"content": "old", "content_hash": "h", "created_at": 5.5, "lang": "de", "year": 2020}
        index.upsert(vectors=[("a", [1.0, 0.0], flat), ("b", [0.0, 1.0], {"content": "other", "lang": "en"})])
        with PineconeKnowledgeStore(pinecone_url, index_name=name) as store:
            assert (store.describe_collection("docs").dimension, store.describe_collection("docs").distance) == (
                2, "euclidean"
            )  # fmt: skip
            assert store.get("docs", ["a"]) == [
                KnowledgeDocument("a", "old", [1.0, 0.0], {"lang": "de", "year": 2020}, "h", 5.5)
            ]
            assert [one.id for one in store.search("docs", [0, 1], filters={"lang": "de"})] == ["a"]
            assert store.count("docs", {"lang": "en"}) == 1
            store.upsert("docs", [document("a", [1.0, 0.0], lang="fr")])
            assert store.count("docs") == 2
            assert [one.id for one in store.iter_documents("docs", {"lang": {"$ne": "en"}})] == ["a"]
            assert store.delete("docs", filters={"lang": "en"}) == 1
            with pytest.raises(AlreadyExistsError):
                store.create_collection("docs", 2, "euclidean")
    finally:
        raw.indexes.delete(name)


def test_stores_on_one_index_in_two_namespaces_do_not_meet(pinecone_url: str, fresh_prefix: str) -> None:
    options: dict[str, Any] = {"collection_prefix": fresh_prefix}
    with (
        PineconeKnowledgeStore(pinecone_url, namespace="one", **options) as one,
        PineconeKnowledgeStore(pinecone_url, namespace="two", **options) as two,
    ):
        one.create_collection("docs", 2)
        one.insert("docs", [document("a", [1.0, 0.0])])
        two.insert("docs", [document("a", [1.0, 0.0]), document("b", [1.0, 0.0])])
        assert (one.count("docs"), two.count("docs")) == (1, 2)
        assert one.delete("docs", all=True) == 1
        assert (one.count("docs"), two.count("docs")) == (0, 2)
        one.delete_collection("docs")


def test_a_record_that_pinecone_does_not_take_is_refused_before_anything_is_sent(store: PineconeKnowledgeStore) -> None:
    store.create_collection("docs", 2)
    large = KnowledgeDocument("large", "x" * 41_000, [1.0, 0.0])
    with pytest.raises(InvalidInputError, match="40960"):
        store.upsert("docs", [document("a", [1.0, 0.0]), large])
    assert store.count("docs") == 0
    store.upsert("docs", [KnowledgeDocument("fits", "x" * 40_500, [1.0, 0.0])])


def test_collection_metadata_beyond_the_tags_is_refused(store: PineconeKnowledgeStore) -> None:
    store.create_collection("fits", 2, metadata={"x": "ü" * 800})
    assert store.describe_collection("fits").metadata == {"x": "ü" * 800}
    with pytest.raises(InvalidInputError, match="tags"):
        store.create_collection("docs", 2, metadata={"x": "x" * 1900})
    assert not store.collection_exists("docs")


def test_more_than_pinecone_gives_at_once_is_found(
    store: PineconeKnowledgeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MOST", 20)  # of 10,000
    store.create_collection("docs", 2)
    store.insert("docs", [document(f"d{number}", [1.0, number / 100], text=f"{number:03}") for number in range(120)])
    expected = [f"d{number}" for number in range(120)]
    assert [one.id for one in store.search("docs", [1, 0], 115)] == expected[:115]
    late = store.search("docs", [1, 0], 3, filters={"text": {"$gte": "117"}})  # the best 20 do not match
    assert [one.id for one in late] == expected[117:]


def test_names_of_indexes_are_those_that_pinecone_takes_and_differ() -> None:
    names = ["docs", "Docs", "_", "__", "a_b", "a__b", "a" * 45, "a" * 46, "p" * 128 + "x", "1", "docs_"]
    native = [index_name(name) for name in names]
    assert len(set(native)) == len(names)
    assert all(len(name) <= 45 and name.strip("-") == name and name == name.lower() for name in native)
    assert native[0] == "docs"


def test_ids_of_records_are_those_that_pinecone_takes_and_differ() -> None:
    ids = ["a", "a b", "~a", "ä", "\n", "x" * 512, "ü" * 512, "a/b?c", to_record_id("ä")]
    native = [to_record_id(id_) for id_ in ids]
    assert len(set(native)) == len(ids)
    assert all(id_.isascii() and id_.isprintable() and 0 < len(id_) <= 512 for id_ in native)
    assert native[:2] == ids[:2]
