"""What is the SingleStore knowledge store's own: statements, tables, filters and batches. The rest is conformance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import singlestoredb

from praison_persist import (
    KNOWLEDGE_STORES,
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
)
from praison_persist.filters import parse_filter
from praison_persist.filtertokens import tokens_of
from praison_persist.knowledge import CollectionInfo
from praison_persist.sql import Result
from praison_persist_singlestore import SingleStoreVectorKnowledgeStore
from praison_persist_singlestore.knowledge import rows
from praison_persist_singlestore.knowledge.collections import LAYOUT, Collections
from praison_persist_singlestore.knowledge.filters import to_sql

Document = KnowledgeDocument
URL = "singlestoredb://me:s3cret@db.internal:3307/app"


@pytest.fixture
def store(vectors_class: Any, singlestore_url: str, fresh_prefix: str) -> Iterator[SingleStoreVectorKnowledgeStore]:
    with vectors_class(singlestore_url, table_prefix=fresh_prefix) as opened:
        yield opened


@pytest.fixture
def query(store: Any) -> Iterator[Callable[..., Any]]:
    """Runs a statement on a connection of its own."""
    with closing(singlestoredb.connect(**store._settings.arguments, autocommit=True)) as connection:

        def run(statement: str, *params: Any) -> Any:
            cursor: Any = connection.cursor()
            cursor.execute(statement, params or None)
            return cursor.fetchall() if cursor.description else None

        yield run


def _token(metadata: dict[str, Any]) -> str:
    return tokens_of(metadata)[-1]


# -- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["singlestore_vector", "singlestore_v"])
def test_the_registry_creates_it_without_connecting(name: str) -> None:
    store = KNOWLEDGE_STORES.create(name, url=URL)
    assert repr(store) == "SingleStoreVectorKnowledgeStore('db.internal:3307/app')"


def test_a_url_of_singlestore_names_it() -> None:
    assert type(KNOWLEDGE_STORES.create_from_url(URL)) is SingleStoreVectorKnowledgeStore


def test_the_arguments_of_praisonai_are_taken() -> None:
    given: dict[str, Any] = {"host": "h", "port": 1, "database": "d", "user": "u", "password": "p"}
    store = SingleStoreVectorKnowledgeStore(None, **given, table_prefix="mine_", embedding_dim=3)
    assert store._settings.arguments == given  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    "options",
    [
        {"table_prefix": "a-b"},
        {"table_prefix": "p" * 41},
        {"pool_size": 0},
        {"command_timeout": 0},
        {"embedding_dim": 0},
    ],
)
def test_an_option_out_of_range_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, InvalidInputError), match=next(iter(options)).rpartition("_")[2]) as error:
        SingleStoreVectorKnowledgeStore(URL, **options)
    assert error.value.backend == "singlestore_vector"


# -- statements, as text: no other server knows SingleStore's own keys ------------------------------------------------


def test_tables_are_sharded_and_sorted_by_what_identifies_a_row() -> None:
    steps = Collections("p_", LAYOUT).create(CollectionInfo("docs", 3, "dot", {"a": 1})).start()
    registry = next(steps).sql
    assert registry.startswith("CREATE TABLE IF NOT EXISTS `p_vector_collections` (name VARCHAR(63)")
    assert registry.endswith("SHARD KEY (name), SORT KEY (name), PRIMARY KEY (name) USING HASH)")
    assert steps.send(Result((), 0)).params == ("docs",)
    table = steps.send(Result((), 0)).sql
    assert table.startswith("CREATE TABLE `p_docs_")
    assert "embedding LONGBLOB NOT NULL" in table
    assert table.endswith("SHARD KEY (id), SORT KEY (id), PRIMARY KEY (id) USING HASH)")


@pytest.mark.parametrize(
    ("distance", "measure"),
    [
        ("cosine", "DOT_PRODUCT(embedding, %s) / length"),
        ("dot", "DOT_PRODUCT(embedding, %s)"),
        ("euclidean", "-EUCLIDEAN_DISTANCE(embedding, %s)"),
    ],
)
def test_a_search_orders_by_singlestores_own_functions(distance: Any, measure: str) -> None:
    statement = next(rows.nearest("`t`", distance, b"q", 5, None).start())
    assert f"{measure} AS measure FROM `t` ORDER BY measure DESC LIMIT %s" in statement.sql
    assert statement.params == (b"q", 5)


def test_a_row_whose_measure_overflows_is_left_out() -> None:
    steps = rows.nearest("`t`", "dot", b"q", 5, None).start()
    next(steps)
    good = (b"a", "", None, 0.0, None, 1.5)
    with pytest.raises(StopIteration) as end:
        steps.send(Result([good, (b"b", "", None, 0.0, None, None)], 2))
    assert end.value.value == ([good], 2)


@pytest.mark.parametrize(
    ("given", "expected", "exact"),
    [
        ({"a": 1}, "tokens LIKE %s", True),
        ({"a": {"$ne": 1}}, "tokens NOT LIKE %s", True),
        ({"a": {"$in": [1, 2]}}, "(tokens LIKE %s OR tokens LIKE %s)", True),
        ({"a": {"$in": []}}, "1 = 0", True),
        ({"a": {"$gt": 1}, "b": 2}, "(tokens LIKE %s AND tokens LIKE %s)", False),
        ({"$not": {"a": {"$gt": 1}}}, "", False),
        (None, "", True),
    ],
)
def test_a_filter_is_a_condition_on_tokens_and_exact_without_ranges(given: Any, expected: str, exact: bool) -> None:
    condition, params, is_exact = to_sql(parse_filter(given))
    assert (condition, is_exact, len(params)) == (expected, exact, expected.count("%s"))


def test_values_of_a_filter_are_parameters_of_hexadecimal_digits() -> None:
    hostile = "' OR 1=1 -- %s"
    assert to_sql(parse_filter({"a": hostile}))[1] == [f"%{_token({'a': hostile})}%"]


# -- tables -----------------------------------------------------------------------------------------------------------


def test_rows_hold_what_singlestores_functions_read(store: Any, query: Any, fresh_prefix: str) -> None:
    store.create_collection("docs", 3, metadata={"model": "m"})
    store.insert("docs", [Document("a", "text", [1.0, 0.5, 2.0], {"x": [1]}, "ab", 5.0)])
    [[name, place, dimension, distance, metadata]] = query(f"SELECT * FROM {fresh_prefix}vector_collections")
    assert (name, dimension, distance, metadata) == ("docs", 3, "cosine", '{"model":"m"}')
    [row] = query(f"SELECT id, content, content_hash, created_at, metadata, HEX(embedding), length FROM {place}")
    # The embedding is the example of SingleStore's documentation for JSON_ARRAY_PACK.
    assert row[:6] == (b"a", "text", "ab", 5.0, '{"x":[1]}', "0000803F0000003F00000040")
    assert row[6] == pytest.approx(2.2912878)


def test_tables_of_praisonai_are_left_alone(store: Any, query: Any, fresh_prefix: str) -> None:
    query(f"CREATE TABLE {fresh_prefix}docs (id VARCHAR(255) PRIMARY KEY, content TEXT, embedding BLOB)")
    query(f"INSERT INTO {fresh_prefix}docs VALUES ('theirs', 'text', NULL)")
    assert store.list_collections() == []
    store.create_collection("docs", 2)
    store.insert("docs", [Document("ours", "", [1.0, 2.0])])
    store.delete_collection("docs")
    assert query(f"SELECT id FROM {fresh_prefix}docs") == [("theirs",)]


def test_the_longest_names_stay_distinct(vectors_class: Any, singlestore_url: str, fresh_prefix: str) -> None:
    prefix = fresh_prefix.ljust(40, "p")
    names = ["n" * 63, "n" * 62 + "m", "Docs", "docs"]
    with vectors_class(singlestore_url, table_prefix=prefix) as store:
        for number, name in enumerate(names):
            store.create_collection(name, number + 1)
        assert [store.describe_collection(name).dimension for name in names] == [1, 2, 3, 4]
        assert store.delete_collection("n" * 63) is True
        assert store.list_collections() == ["Docs", "docs", "n" * 62 + "m"]


def test_a_batch_of_many_statements_is_stored_whole_or_not_at_all(store: Any) -> None:
    store.create_collection("docs", 1536, "dot")
    batch = [Document(f"{i:03}", "x" * 5000, [float(i)] * 1536) for i in range(200)]  # 3.4 MB
    store.insert("docs", [batch[-1]])
    with pytest.raises(AlreadyExistsError, match="'199'"):
        store.insert("docs", batch)
    assert store.count("docs") == 1
    store.insert("docs", batch[:-1])
    assert store.count("docs") == 200
    assert store.get("docs", ["199", "003"]) == [batch[199], batch[3]]


# -- filters that SQL cannot decide -----------------------------------------------------------------------------------


def test_a_range_finds_all_that_match_however_far_away(store: Any) -> None:
    store.create_collection("docs", 2, "euclidean")
    store.insert("docs", [Document(f"{i:03}", "", [float(i), 0.0], {"year": 2000 + i // 90}) for i in range(100)])
    hits = store.search("docs", [0.0, 0.0], limit=8, filters={"year": {"$gt": 2000}})
    assert [hit.id for hit in hits] == [f"{i:03}" for i in range(90, 98)]
    assert store.count("docs", {"year": {"$gte": 2001}}) == 10


def test_a_document_that_changes_while_a_range_is_deleted_stays(
    store: Any, vectors_class: Any, singlestore_url: str, fresh_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create_collection("docs", 1, "dot")
    given = [("new", {"n": 5}), ("none", None), ("old", {"n": 1}), ("other", {"m": 1})]
    store.insert("docs", [Document(id_, "", [1.0], metadata) for id_, metadata in given])
    driver = store._attempts.driver
    execute = driver.execute

    def interrupted(connection: Any, statement: str, params: Any) -> Any:
        result = execute(connection, statement, params)
        if statement.startswith("SELECT id, metadata"):
            with vectors_class(singlestore_url, table_prefix=fresh_prefix) as other:
                other.upsert("docs", [Document("old", "", [1.0], {"n": 9})])
        return result

    monkeypatch.setattr(driver, "execute", interrupted)
    assert store.delete("docs", filters={"$not": {"n": {"$gte": 5}}}) == 2
    monkeypatch.undo()
    assert [(one.id, one.metadata) for one in store.iter_documents("docs")] == [("new", {"n": 5}), ("old", {"n": 9})]
