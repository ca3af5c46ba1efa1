"""What this store adds to the contract: Couchbase's collection and index, late indexes, its documents and keys."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from couchbase.auth import PasswordAuthenticator
from couchbase.cluster import Cluster
from couchbase.options import ClusterOptions

from praison_persist import AlreadyExistsError, ConfigurationError, KnowledgeDocument, OperationTimeoutError
from praison_persist_couchbase import AsyncCouchbaseKnowledgeStore, CouchbaseKnowledgeStore
from praison_persist_couchbase.convert import to_body, to_key
from praison_persist_couchbase.location import Fields


def document(id_: str, *embedding: float, **metadata: Any) -> KnowledgeDocument:
    """A document."""
    return KnowledgeDocument(id_, f"text of {id_}", list(embedding), metadata or None)


def test_a_search_sees_what_indexes_do_not_know_yet(make_couchbase: Callable[..., Any]) -> None:
    with CouchbaseKnowledgeStore(make_couchbase("--lag", "0.4").url) as store:
        store.create_collection("docs", 2)
        store.upsert("docs", [document("a", 1, 0), document("b", 0.5, 1)], wait=False)
        began = time.monotonic()
        assert [one.id for one in store.search("docs", [1, 0])] == ["a", "b"]
        assert time.monotonic() - began >= 0.3
        store.upsert("docs", [document("a", 0, 1)])
        assert [one.id for one in store.search("docs", [1, 0])] == ["b", "a"]
        assert store.delete("docs", ["b"]) == 1
        assert store.count("docs") == 1


def test_a_write_that_indexes_do_not_learn_of_in_time_is_told(make_couchbase: Callable[..., Any]) -> None:
    standin = make_couchbase("--lag", "1")
    with CouchbaseKnowledgeStore(standin.url) as store:
        store.create_collection("docs", 2)
    with CouchbaseKnowledgeStore(standin.url, timeout=0.3, auto_create=False) as store:
        time.sleep(1)
        store.upsert("docs", [document("a", 1, 0)])
        with pytest.raises(OperationTimeoutError):
            store.search("docs", [1, 0])
        assert [one.id for one in store.get("docs", ["a"])] == ["a"]


def test_a_new_index_is_waited_for_and_its_state_told(
    make_couchbase: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "praison_persist_couchbase")
    standin = make_couchbase("--building", "0.6")
    began = time.monotonic()
    with CouchbaseKnowledgeStore(standin.url, scope_name="mine", ready_timeout=0.2) as store:
        with pytest.raises(OperationTimeoutError, match="not online"):
            store.create_collection("docs", 2)
        assert "building" in caplog.text
    with CouchbaseKnowledgeStore(standin.url, scope_name="mine") as store:
        store.create_collection("docs", 2)
        assert time.monotonic() - began >= 0.6
        assert store.list_collections() == ["docs"]


def test_without_auto_create_what_is_missing_is_told_and_not_made(make_couchbase: Callable[..., Any]) -> None:
    url = make_couchbase().url
    with CouchbaseKnowledgeStore(url, auto_create=False) as store:
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="is missing"):
                store.create_collection("docs", 2)
        store.setup()
        store.create_collection("docs", 2)


def test_stores_in_two_collections_of_couchbase_do_not_meet(couchbase_url: str, fresh_prefix: str) -> None:
    options: dict[str, Any] = {"collection_prefix": fresh_prefix}
    with (
        CouchbaseKnowledgeStore(couchbase_url, **options) as one,
        CouchbaseKnowledgeStore(couchbase_url, collection_name="other-vectors", **options) as two,
    ):
        one.create_collection("docs", 2)
        two.create_collection("docs", 3)
        one.insert("docs", [document("a", 1, 0)])
        assert (one.count("docs"), two.count("docs")) == (1, 0)
        assert one.delete_collection("docs")
        assert two.describe_collection("docs").dimension == 3
        two.delete_collection("docs")


def test_a_document_has_the_fields_that_the_options_name(make_couchbase: Callable[..., Any]) -> None:
    standin = make_couchbase()
    with CouchbaseKnowledgeStore(standin.url, text_field="body", vector_field="vec") as store:
        store.create_collection("docs", 2)
        store.insert("docs", [document("a", 1, 0, lang="de")])
        assert [one.content for one in store.search("docs", [1, 0], filters={"lang": "de"})] == ["text of a"]
        key = to_key(store._parts["docs"], "a")
        parts = standin.url.partition("://")[2].partition("@")
        user, _, password = parts[0].partition(":")
        cluster = Cluster.connect(
            f"couchbase://{parts[2].partition('/')[0]}",
            ClusterOptions(PasswordAuthenticator(user, password), enable_metrics=False),
        )
        try:
            bucket = cluster.bucket("tests")
            kept = bucket.scope("_default").collection("vectors").get(key, timeout=timedelta(seconds=5))
            assert kept.content_as[dict]["body"] == "text of a"
            assert kept.content_as[dict]["vec"] == [1.0, 0.0]
            assert kept.content_as[dict]["metadata"] == '{"lang":"de"}'
        finally:
            cluster.close()


def test_what_sql_cannot_tell_is_decided_on_the_documents(couchbase_url: str, fresh_prefix: str) -> None:
    with CouchbaseKnowledgeStore(couchbase_url, collection_prefix=fresh_prefix) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [document(f"d{n:03}", 1.0, n / 100, text=f"{n:03}") for n in range(300)])
        late = store.search("docs", [1, 0], 3, filters={"text": {"$gte": "297"}})
        assert [one.id for one in late] == ["d297", "d298", "d299"]
        assert store.count("docs", {"text": {"$lt": "270"}}) == 270
        assert store.delete("docs", filters={"text": {"$lt": "290"}}) == 290
        assert store.count("docs") == 10
        store.delete_collection("docs")


def test_of_many_that_insert_the_same_documents_one_does(couchbase_url: str, fresh_prefix: str) -> None:
    with CouchbaseKnowledgeStore(couchbase_url, collection_prefix=fresh_prefix) as store:
        store.create_collection("docs", 2)

        def insert(writer: int) -> int | None:
            batch = [KnowledgeDocument(f"d{number}", f"by {writer}", [1.0, 0.0]) for number in range(20)]
            try:
                store.insert("docs", batch)
            except AlreadyExistsError:
                return None
            return writer

        for _ in range(10):
            with ThreadPoolExecutor(6) as pool:
                (winner,) = [writer for writer in pool.map(insert, range(6)) if writer is not None]
            found = list(store.iter_documents("docs"))
            assert [one.content for one in found] == [f"by {winner}"] * 20
            store.delete("docs", all=True)
        store.delete_collection("docs")


def test_a_document_that_changed_meanwhile_is_not_deleted(couchbase_url: str, fresh_prefix: str) -> None:
    async def removed(cas_of: dict[str, int]) -> Any:
        async with AsyncCouchbaseKnowledgeStore(couchbase_url) as other:
            return await other._engine.remove(cas_of)

    with CouchbaseKnowledgeStore(couchbase_url, collection_prefix=fresh_prefix) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [document("a", 1, 0)])
        key = to_key(store._parts["docs"], "a")
        ((_, cas),) = store._engine.get([key]).values()
        store.upsert("docs", [document("a", 0, 1)])
        for outcome in (store._engine.remove({key: cas}), asyncio.run(removed({key: cas}))):
            assert (outcome.done, outcome.unfit, outcome.failures) == ({}, [key], [])
        assert store.count("docs") == 1
        store.delete_collection("docs")


def test_numbers_come_back_as_they_were() -> None:
    numbers = [0.1, -0.0, 1.0, 1 / 3, 5e-324, -1e-45, 3.4028234663852886e38, 123456789.12345678, 1e22]
    _, body = to_body("p", document("a", *numbers), Fields("content", 'the "vector"'), "w")
    assert json.loads(body)['the "vector"'] == numbers


def test_keys_are_those_that_couchbase_takes_and_differ() -> None:
    ids = [
        "a",
        "a b",
        "~a",
        "ä",
        "\n",
        "x" * 512,
        "ü" * 512,
        "a/b?c",
        "x" * 200,
        "x" * 201,
        "a:b",
        to_key("p", "~a")[2:],
    ]
    keys = [to_key("0123456789abcdef", id_) for id_ in ids]
    assert len(set(keys)) == len(ids)
    assert all(0 < len(key.encode()) <= 246 for key in keys)
