"""What is pgvector's own: PraisonAI's tables, indexes, racing writers, lost connections. The rest is conformance."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from praison_persist import (
    KNOWLEDGE_STORES,
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    NotFoundError,
    UnavailableError,
)
from praison_persist_postgres.knowledge import PGVectorKnowledgeStore

Document = KnowledgeDocument


@pytest.fixture
def store(database_url: str, fresh_prefix: str) -> Iterator[PGVectorKnowledgeStore]:
    with PGVectorKnowledgeStore(database_url, schema=fresh_prefix) as opened:
        yield opened


def _sql(url: str, statement: str, *params: Any) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement, params or None)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def _together(count: int, work: Callable[[int], Any]) -> list[Any]:
    """The results of `work(0)`, `work(1)` ..., started at once, in threads; an exception is a result."""
    results: list[Any] = [None] * count
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        try:
            results[number] = work(number)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_the_registry_creates_it_without_connecting() -> None:
    store = KNOWLEDGE_STORES.create("pgvector", url="pgvector://me:s3cret@db.internal:5433/app")
    assert repr(store) == "PGVectorKnowledgeStore('db.internal:5433/app')"


# -- PraisonAI's tables ---------------------------------------------------------------------------------------------


@pytest.fixture
def praisonai(store: PGVectorKnowledgeStore, database_url: str, fresh_prefix: str) -> PGVectorKnowledgeStore:
    """Tables as PraisonAI 4.7 creates them: no registry, ids of 255 characters, an hnsw index for the distance."""
    _sql(database_url, "CREATE EXTENSION IF NOT EXISTS vector")
    _sql(database_url, f"CREATE SCHEMA {fresh_prefix}")
    for name, operators in (("cosine", "vector_cosine_ops"), ("dot", "vector_ip_ops"), ("bare", None)):
        table = f"{fresh_prefix}.praison_vec_{name}"
        _sql(
            database_url,
            f"CREATE TABLE {table} (id VARCHAR(255) PRIMARY KEY, content TEXT, content_hash VARCHAR(64), "
            "created_at DOUBLE PRECISION, metadata JSONB, embedding vector(2))",
        )
        if operators:
            _sql(database_url, f"CREATE INDEX ON {table} USING hnsw (embedding {operators})")
        rows = [("a", '{"lang": "de"}', "[1,0]"), ("b", '{"lang": "en"}', "[5,5]"), ("c", None, "[0,1]")]
        for row in rows:
            _sql(database_url, f"INSERT INTO {table} VALUES (%s, 'text', 'ab', 5.0, %s, %s)", *row)
    return store


def test_tables_of_praisonai_are_read(praisonai: PGVectorKnowledgeStore) -> None:
    assert praisonai.list_collections() == ["bare", "cosine", "dot"]
    assert {name: praisonai.describe_collection(name).distance for name in ("bare", "cosine", "dot")} == {
        "bare": "cosine",
        "cosine": "cosine",
        "dot": "dot",
    }
    assert praisonai.get("dot", ["b", "c"]) == [
        Document("b", "text", [5.0, 5.0], {"lang": "en"}, "ab", 5.0),
        Document("c", "text", [0.0, 1.0], None, "ab", 5.0),
    ]
    assert [hit.id for hit in praisonai.search("cosine", [1.0, 0.0])] == ["a", "b", "c"]
    assert [hit.id for hit in praisonai.search("dot", [1.0, 0.0])] == ["b", "a", "c"]
    assert [hit.id for hit in praisonai.search("bare", [1.0, 0.0], filters={"lang": {"$ne": "de"}})] == ["b", "c"]


def test_tables_of_praisonai_are_written_to(praisonai: PGVectorKnowledgeStore) -> None:
    with pytest.raises(AlreadyExistsError):
        praisonai.insert("bare", [Document("a", "", [1.0, 0.0])])
    praisonai.upsert("bare", [Document("a", "new", [3.0, 4.0]), Document("d", "", [1.0, 1.0], {"lang": "de"})])
    assert praisonai.get("bare", ["a"])[0].metadata is None
    assert praisonai.delete("bare", filters={"lang": "de"}) == 1
    with pytest.raises(InvalidInputError, match="255"):
        praisonai.insert("bare", [Document("x", "", [1.0, 0.0]), Document("x" * 300, "", [1.0, 0.0])])
    assert sorted(document.id for document in praisonai.iter_documents("bare")) == ["a", "b", "c"]
    with pytest.raises(AlreadyExistsError):
        praisonai.create_collection("bare", 3)
    assert praisonai.delete_collection("bare") is True
    assert praisonai.list_collections() == ["cosine", "dot"]


def test_our_tables_have_praisonais_columns(
    store: PGVectorKnowledgeStore, database_url: str, fresh_prefix: str
) -> None:
    store.create_collection("docs", 2)
    store.insert("docs", [Document("a", "text", [1.0, 2.0], {"x": [1]}, "ab", 5.0)])
    columns = "id, content, content_hash, created_at, metadata, embedding::float4[]"
    rows = _sql(database_url, f"SELECT {columns} FROM {fresh_prefix}.praison_vec_docs")
    assert rows == [("a", "text", "ab", 5.0, {"x": [1]}, [1.0, 2.0])]


# -- collections ----------------------------------------------------------------------------------------------------


def test_the_longest_names_stay_distinct(store: PGVectorKnowledgeStore) -> None:
    names = ["n" * 63, "n" * 62 + "m", "n" * 51, "n" * 52, "Docs", "docs"]
    for number, name in enumerate(names):
        store.create_collection(name, number + 1)
    assert store.list_collections() == sorted(names)
    assert [store.describe_collection(name).dimension for name in names] == [1, 2, 3, 4, 5, 6]
    assert store.delete_collection("n" * 63) is True
    assert store.collection_exists("n" * 62 + "m")


def test_a_collection_created_anew_has_its_own_distance(
    store: PGVectorKnowledgeStore, database_url: str, fresh_prefix: str
) -> None:
    store.create_collection("docs", 2, "dot", {"old": True})
    _sql(database_url, f"DROP TABLE {fresh_prefix}.praison_vec_docs")
    assert not store.collection_exists("docs")
    store.create_collection("docs", 3, "euclidean")
    info = store.describe_collection("docs")
    assert (info.dimension, info.distance, info.metadata) == (3, "euclidean", None)


def test_eight_racing_creators_agree_on_one(database_url: str, fresh_prefix: str) -> None:
    def create(number: int) -> int:
        with PGVectorKnowledgeStore(database_url, schema=fresh_prefix) as store:
            store.setup()
            store.create_collection("docs", number + 1)
            return number

    results = _together(8, create)
    assert sum(isinstance(result, AlreadyExistsError) for result in results) == 7, results
    with PGVectorKnowledgeStore(database_url, schema=fresh_prefix) as store:
        (winner,) = [result for result in results if isinstance(result, int)]
        assert store.describe_collection("docs").dimension == winner + 1


def test_a_collection_that_another_store_deleted_is_not_found(
    store: PGVectorKnowledgeStore, database_url: str, fresh_prefix: str
) -> None:
    store.create_collection("docs", 1, "dot")
    assert store.count("docs") == 0
    with PGVectorKnowledgeStore(database_url, schema=fresh_prefix) as other:
        other.delete_collection("docs")
    for work in (
        lambda: store.insert("docs", [Document("a", "", [1.0])]),
        lambda: store.search("docs", [1.0]),
        lambda: store.get("docs", ["a"]),
    ):
        with pytest.raises(NotFoundError, match="docs"):
            work()


# -- racing writers -------------------------------------------------------------------------------------------------


def test_of_eight_racing_inserts_of_one_batch_one_wins_whole(store: PGVectorKnowledgeStore) -> None:
    store.create_collection("docs", 2)

    def insert(writer: int) -> int:
        documents = [Document(f"d{i}", f"w{writer}", [1.0, float(i)]) for i in range(50)]
        random.Random(writer).shuffle(documents)
        store.insert("docs", documents)
        return writer

    results = _together(8, insert)
    assert sum(isinstance(result, AlreadyExistsError) for result in results) == 7, results
    (winner,) = [result for result in results if isinstance(result, int)]
    assert {document.content for document in store.iter_documents("docs")} == {f"w{winner}"}
    assert store.count("docs") == 50


def test_racing_upserts_in_any_order_do_not_deadlock(store: PGVectorKnowledgeStore) -> None:
    store.create_collection("docs", 2)

    def upsert(writer: int) -> None:
        for round_ in range(5):
            documents = [Document(f"d{i}", f"w{writer}", [1.0, float(i)]) for i in range(40)]
            random.Random(writer * 10 + round_).shuffle(documents)
            store.upsert("docs", documents)

    assert _together(8, upsert) == [None] * 8
    assert len({document.content for document in store.iter_documents("docs")}) == 1


def test_a_small_pool_waits(database_url: str, fresh_prefix: str) -> None:
    with PGVectorKnowledgeStore(database_url, schema=fresh_prefix, pool_size=2) as store:
        store.create_collection("docs", 1, "dot")
        assert _together(40, lambda i: store.insert("docs", [Document(f"d{i}", "", [1.0])])) == [
            [f"d{i}"] for i in range(40)
        ]
        assert store.count("docs") == 40


# -- indexes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [{"index": "hnsw", "m": 8, "ef_construction": 40, "ef_search": 100}, {"index": "ivfflat", "lists": 4}],
)
def test_a_selective_filter_on_an_index_gives_as_many_as_match(
    options: dict[str, Any], database_url: str, fresh_prefix: str
) -> None:
    source = random.Random(1)
    with PGVectorKnowledgeStore(database_url, schema=fresh_prefix, **options) as store:
        store.create_collection("docs", 8)
        documents = [
            Document(f"d{i}", "", [source.gauss(0, 1) for _ in range(8)], {"rare": i % 100 == 0}) for i in range(3000)
        ]
        store.insert("docs", documents)
        _sql(database_url, f"ANALYZE {fresh_prefix}.praison_vec_docs")
        query = [source.gauss(0, 1) for _ in range(8)]
        assert len(store.search("docs", query, 20)) == 20
        hits = store.search("docs", query, 20, {"rare": True})
        assert len(hits) == 20
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)  # type: ignore[type-var]
        assert len(store.search("docs", query, 50, {"rare": True})) == 30
        assert store.delete("docs", filters={"rare": False}) == 2970
        assert len(store.search("docs", query, 30)) == 30
    used = _sql(
        database_url,
        "SELECT pg_stat_force_next_flush(), sum(idx_scan) FROM pg_stat_user_indexes "
        "WHERE schemaname = %s AND indexrelname LIKE '%%embedding%%'",
        fresh_prefix,
    )
    assert used[0][1] > 0


@pytest.mark.parametrize(
    ("options", "collection"),
    [
        ({"index": "hnsw"}, (2001, "cosine")),
        ({"index": "ivfflat"}, (8, "manhattan")),
        ({}, (16001, "cosine")),
    ],
)
def test_what_pgvector_cannot_index_or_hold_is_refused(
    options: dict[str, Any], collection: tuple[int, str], database_url: str, fresh_prefix: str
) -> None:
    with PGVectorKnowledgeStore(database_url, schema=fresh_prefix, **options) as store:
        with pytest.raises(InvalidInputError) as caught:
            store.create_collection("docs", *collection)
        assert (caught.value.backend, caught.value.operation) == ("pgvector", "create_collection")
        assert store.list_collections() == []


def test_vectors_of_the_largest_dimension_are_kept(store: PGVectorKnowledgeStore) -> None:
    store.create_collection("docs", 16000)
    vector = [float(i % 7) for i in range(16000)]
    store.insert("docs", [Document("a", "", vector)])
    assert store.get("docs", ["a"])[0].embedding == vector
    assert store.search("docs", vector)[0].score == pytest.approx(1.0)


@pytest.mark.parametrize("vector", [[1e30, 1.0], [1e-30, 0.0]])
def test_a_vector_whose_cosine_pgvector_cannot_compute_is_refused(
    store: PGVectorKnowledgeStore, vector: list[float]
) -> None:
    store.create_collection("docs", 2)
    with pytest.raises(InvalidInputError, match="length"):
        store.insert("docs", [Document("fine", "", [1.0, 0.0]), Document("a", "", vector)])
    assert store.count("docs") == 0
    store.insert("docs", [Document("fine", "", [1.0, 0.0])])
    assert store.search("docs", vector)[0].score == pytest.approx(1.0)


# -- faults ---------------------------------------------------------------------------------------------------------


def _terminate(url: str) -> None:
    _sql(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


def test_a_terminated_connection_costs_a_retry(store: PGVectorKnowledgeStore, database_url: str) -> None:
    store.create_collection("docs", 2)
    for number in range(3):
        _terminate(database_url)
        store.insert("docs", [Document(f"d{number}", "", [1.0, float(number)])])
        _terminate(database_url)
        store.upsert("docs", [Document(f"d{number}", "new", [1.0, float(number)])])
        _terminate(database_url)
        assert len(store.search("docs", [1.0, 0.0])) == number + 1
    _terminate(database_url)
    assert store.delete("docs", ["d0", "d1"]) == 2


def test_a_server_that_is_down_is_unavailable(dead_port: int) -> None:
    url = f"postgresql://me:s3cret@127.0.0.1:{dead_port}/app"
    with PGVectorKnowledgeStore(url, retry_delay=0) as store, pytest.raises(UnavailableError) as caught:
        store.list_collections()
    assert (caught.value.backend, caught.value.operation) == ("pgvector", "list_collections")
    assert f"127.0.0.1:{dead_port}" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_server_without_pgvector_is_a_configuration_error(debian_database_url: str) -> None:
    for create in (True, False):
        with PGVectorKnowledgeStore(debian_database_url, auto_create_extension=create) as store:
            with pytest.raises(ConfigurationError, match="pgvector") as caught:
                store.create_collection("docs", 2)
            assert "CREATE EXTENSION vector" in str(caught.value.hint)
            assert store.list_collections() == []


@pytest.mark.parametrize(
    "options",
    [
        {"url": "mysql://h/d"},
        {"schema": "bad schema"},
        {"pool_size": 0},
        {"index": "btree"},
        {"m": 16},
        {"index": "hnsw", "lists": 4},
        {"index": "hnsw", "m": "16) --"},
        {"index": "ivfflat", "ef_construction": 4},
        {"ef_search": -1},
        {"auto_create_extension": "yes"},
    ],
)
def test_wrong_options_are_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, InvalidInputError)) as caught:
        PGVectorKnowledgeStore(**options)
    assert caught.value.backend == "pgvector"
