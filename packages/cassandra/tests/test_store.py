"""What is Cassandra's own: names, PraisonAI's tables, options, bounds. The rest is in the conformance suite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from praison_persist import (
    KNOWLEDGE_STORES,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    UnsupportedError,
    UnsupportedFilterError,
)
from praison_persist_cassandra import CassandraKnowledgeStore
from praison_persist_cassandra.convert import table_name

Document = KnowledgeDocument
SLOW: dict[str, Any] = {"timeout": 60.0, "connect_timeout": 30.0}


@pytest.fixture
def store(cassandra_url: str, fresh_prefix: str) -> Iterator[CassandraKnowledgeStore]:
    with CassandraKnowledgeStore(cassandra_url, collection_prefix=fresh_prefix, **SLOW) as opened:
        yield opened
        for name in opened.list_collections():
            opened.delete_collection(name)


def test_the_registry_creates_it_without_opening_anything() -> None:
    store = KNOWLEDGE_STORES.create("cassandra", url="cassandra://u:s3cret@a,b:9999/Docs")
    assert repr(store) == "CassandraKnowledgeStore('a,b:9999', keyspace='docs')"
    assert "s3cret" not in repr(vars(store))


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({}, "localhost:9042"),
        ({"hosts": ["a", "b"], "port": 1}, "a,b:1"),
        ({"secure_connect_bundle": "/x/bundle.zip", "username": "token", "password": "p"}, "/x/bundle.zip"),
        ({"url": "cassandra://h"}, "h:9042"),
    ],
)
def test_options_name_a_cluster(options: dict[str, Any], where: str) -> None:
    assert str(CassandraKnowledgeStore(**options)._engine.location) == where


@pytest.mark.parametrize(
    "options",
    [
        {"url": "postgresql://h/d"},
        {"url": "cassandra://a:1,b:2"},
        {"url": "cassandra://h?x=1"},
        {"url": "cassandra://h", "hosts": ["a"]},
        {"hosts": []},
        {"hosts": ["a"], "secure_connect_bundle": "x"},
        {"keyspace": "a-b"},
        {"consistency": "MOST"},
        {"replication": 0},
        {"replication": {"a'b": 1}},
        {"candidates": 1001},
        {"max_scan": 0},
        {"timeout": 0},
        {"collection_prefix": "a-b"},
    ],
)
def test_wrong_options_are_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, InvalidInputError)) as caught:
        CassandraKnowledgeStore(**options)
    assert caught.value.backend == "cassandra"


def test_long_names_are_shortened_without_meeting() -> None:
    one, other = table_name("x" * 60 + "a"), table_name("x" * 60 + "b")
    assert one != other
    assert len(one) == len(other) == 48
    assert table_name("x" * 48) == "x" * 48


def test_a_table_of_praisonai_is_read(store: CassandraKnowledgeStore) -> None:
    name = f"{store._prefix}old"
    store._engine.session().execute(
        f"CREATE TABLE {name} (id text PRIMARY KEY, content text, content_hash text, created_at double, "
        "embedding vector<float, 2>)"
    )
    store._engine.session().execute(
        f"CREATE CUSTOM INDEX ON {name} (embedding) USING 'StorageAttachedIndex' "
        "WITH OPTIONS = {'similarity_function': 'EUCLIDEAN'}"
    )
    store._engine.session().execute(
        f"INSERT INTO {name} (id, content, content_hash, created_at, embedding) VALUES ('a', 'text', '', 5.0, [1, 2])"
    )
    assert store.list_collections() == ["old"]
    info = store.describe_collection("old")
    assert (info.dimension, info.distance, info.metadata) == (2, "euclidean", None)
    assert [(one.id, one.score) for one in store.search("old", [1.0, 2.0])] == [("a", 1.0)]
    assert store.search("old", [1.0, 2.0], filters={"x": 1}) == []
    assert store.get("old", ["a"])[0].embedding == [1.0, 2.0]
    with pytest.raises(UnsupportedError, match="PraisonAI"):
        store.upsert("old", [Document("b", "", [1.0, 1.0])])


def test_a_filter_that_the_index_cannot_decide_looks_at_a_bounded_number(
    store: CassandraKnowledgeStore, cassandra_url: str
) -> None:
    store.create_collection("docs", 2)
    store.insert("docs", [Document(f"d{i}", "", [1.0, float(i)], {"i": i, "k": i % 2}) for i in range(12)])
    options: dict[str, Any] = {"collection_prefix": store._prefix, "max_scan": 10, **SLOW}
    with CassandraKnowledgeStore(cassandra_url, **options) as bounded:
        with pytest.raises(UnsupportedFilterError, match="max_scan=10"):
            bounded.search("docs", [1.0, 0.0], 5, {"i": {"$gte": 0}})
        assert len(bounded.search("docs", [1.0, 0.0], 9, {"i": {"$gte": 0}, "k": 1})) == 6
        with pytest.raises(UnsupportedError):
            bounded.search("docs", [1.0, 0.0], 1001)


@pytest.mark.parametrize(("length", "requests"), [(2000, [2, 1]), (2001, [2, 2])])
def test_small_documents_come_with_the_candidates_and_large_ones_after_them(
    store: CassandraKnowledgeStore,
    cassandra_url: str,
    monkeypatch: pytest.MonkeyPatch,
    length: int,
    requests: list[int],
) -> None:
    store.create_collection("docs", 2)
    contents = {f"d{i}": str(i).zfill(length) for i in range(30)}
    store.insert("docs", [Document(one, contents[one], [1.0, float(one[1:])], {"n": int(one[1:])}) for one in contents])
    asked: list[str] = []
    with CassandraKnowledgeStore(cassandra_url, collection_prefix=store._prefix, candidates=20, **SLOW) as opened:
        run = opened._engine.run
        monkeypatch.setattr(
            opened._engine, "run", lambda cql, *rest, **more: (asked.append(cql), run(cql, *rest, **more))[1]
        )
        for expected in requests:
            asked.clear()
            found = opened.search("docs", [1.0, 0.0], 4, {"n": {"$gte": 3}})
            assert [(one.id, one.content) for one in found] == [(f"d{i}", contents[f"d{i}"]) for i in (3, 4, 5, 6)]
            assert len(asked) == expected


def test_an_index_that_was_never_made_is_made(store: CassandraKnowledgeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(CassandraKnowledgeStore, "_make_indexes", lambda self, queries: None)
        store.create_collection("docs", 2)
    store.insert("docs", [Document("a", "", [1.0, 0.0], {"x": 1})])
    assert [hit.id for hit in store.search("docs", [1.0, 0.0], 1, {"x": 1})] == ["a"]


def test_options_of_the_index_reach_the_engine(cassandra_url: str, fresh_prefix: str) -> None:
    options: dict[str, Any] = {"maximum_node_connections": 8, "construction_beam_width": 50, **SLOW}
    with CassandraKnowledgeStore(cassandra_url, collection_prefix=fresh_prefix, **options) as store:
        store.create_collection("docs", 2)
        rows = store._engine.look_up(
            "SELECT options FROM system_schema.indexes WHERE keyspace_name = 'praisonai' AND table_name = %(t)s",
            {"t": f"{fresh_prefix}docs"},
        )
        found = {key: value for row in rows for key, value in row.options.items()}
        assert (found["maximum_node_connections"], found["construction_beam_width"]) == ("8", "50")
        store.delete_collection("docs")
