"""What is ClickHouse's own: forms of the engine, racing writers, indexes, options."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from praison_persist import (
    KNOWLEDGE_STORES,
    AlreadyExistsError,
    ConfigurationError,
    KnowledgeDocument,
    NotFoundError,
    OperationTimeoutError,
    UnavailableError,
    UnsupportedError,
)
from praison_persist_clickhouse import AsyncClickHouseKnowledgeStore, ClickHouseKnowledgeStore, VectorIndex

Document = KnowledgeDocument


@pytest.fixture
def store(clickhouse_url: str, fresh_prefix: str) -> Iterator[ClickHouseKnowledgeStore]:
    with ClickHouseKnowledgeStore(clickhouse_url, table_prefix=fresh_prefix) as opened:
        yield opened


def _command(store: ClickHouseKnowledgeStore, statement: str) -> Any:
    with store._engine.guard():
        return store._engine.client().query(statement).result_rows


def _race(work: Any, writers: int = 8) -> list[Any]:
    results: list[Any] = [None] * writers
    start = threading.Barrier(writers)

    def run(i: int) -> None:
        start.wait()
        try:
            results[i] = work(i)
        except Exception as error:
            results[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_the_registry_creates_it_without_opening_anything(tmp_path: Path) -> None:
    store = KNOWLEDGE_STORES.create("clickhouse", path=tmp_path / "none")
    assert repr(store) == f"ClickHouseKnowledgeStore({str(tmp_path / 'none')!r})"
    assert not (tmp_path / "none").exists()


# -- racing writers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ordered", [True, False])
def test_of_eight_racing_inserts_of_one_batch_one_wins_whole(
    store: ClickHouseKnowledgeStore, clickhouse_url: str, fresh_prefix: str, ordered: bool, monkeypatch: Any
) -> None:
    """Also by the rule for replicated tables, whose inserts may become visible in another order than their numbers'."""
    describe = ClickHouseKnowledgeStore._describe

    def described(self: Any, name: str) -> Any:
        info = yield from describe(self, name)
        if info is not None:
            table = self._tables[name]
            self._tables[name] = replace(table, ordered=ordered)
        return info

    monkeypatch.setattr(ClickHouseKnowledgeStore, "_describe", described)
    store.create_collection("docs", 2)

    def insert(writer: int) -> list[str]:
        with ClickHouseKnowledgeStore(clickhouse_url, table_prefix=fresh_prefix) as own:
            return own.insert("docs", [Document(f"d{i}", f"w{writer}", [1.0, float(i)]) for i in range(20)])

    results = _race(insert, 8 if ordered else 3)
    won = [i for i, result in enumerate(results) if isinstance(result, list)]
    assert len(won) == 1, results
    assert all(isinstance(result, AlreadyExistsError) for i, result in enumerate(results) if i != won[0])
    assert {document.content for document in store.iter_documents("docs")} == {f"w{won[0]}"}
    assert store.count("docs") == 20
    store.delete_collection("docs")


def test_an_insert_after_a_delete_is_seen_and_a_later_upsert_replaces_it(store: ClickHouseKnowledgeStore) -> None:
    store.create_collection("docs", 1, "dot")
    for round_ in range(3):
        store.insert("docs", [Document("a", f"insert {round_}", [1.0])])
        with pytest.raises(AlreadyExistsError):
            store.insert("docs", [Document("a", "again", [1.0])])
        assert store.get("docs", ["a"])[0].content == f"insert {round_}"
        store.upsert("docs", [Document("a", f"upsert {round_}", [1.0])])
        assert store.get("docs", ["a"])[0].content == f"upsert {round_}"
        assert store.delete("docs", ["a"]) == 1
        assert store.get("docs", ["a"]) == []
    store.delete_collection("docs")


def test_the_claim_of_a_writer_that_died_is_waited_for_and_ends(
    store: ClickHouseKnowledgeStore, clickhouse_url: str, fresh_prefix: str
) -> None:
    store.create_collection("docs", 1, "dot")
    store.count("docs")
    table = store._tables["docs"]
    with store._engine.guard():
        store._engine.client().command(
            f"INSERT INTO `{store._database}`.`praison-persist-claims` (collection, id, epoch, token) "
            f"VALUES ('{table.identity}', 'a', 0, generateUUIDv4())"
        )
    with ClickHouseKnowledgeStore(clickhouse_url, table_prefix=fresh_prefix, timeout=1.0) as other:
        with pytest.raises(OperationTimeoutError, match="another writer"):
            other.insert("docs", [Document("a", "", [1.0])])
        other.insert("docs", [Document("b", "", [1.0])])
        threading.Event().wait(3.1)
        assert other.insert("docs", [Document("a", "", [1.0])]) == ["a"]
    store.delete_collection("docs")


def test_a_collection_that_was_made_anew_meanwhile_is_described_again(
    store: ClickHouseKnowledgeStore, clickhouse_url: str, fresh_prefix: str
) -> None:
    store.create_collection("docs", 1, "dot")
    store.insert("docs", [Document("a", "", [1.0])])
    with ClickHouseKnowledgeStore(clickhouse_url, table_prefix=fresh_prefix) as other:
        other.delete_collection("docs")
        other.create_collection("docs", 1, "dot")
    with pytest.raises(NotFoundError, match="again"):
        store.insert("docs", [Document("a", "", [1.0])])
    assert store.insert("docs", [Document("a", "", [1.0])]) == ["a"]
    store.delete_collection("docs")


def test_merging_parts_changes_nothing(store: ClickHouseKnowledgeStore) -> None:
    store.create_collection("docs", 1, "dot")
    store.insert("docs", [Document(f"d{i}", "old", [float(i)]) for i in range(5)])
    store.upsert("docs", [Document("d1", "new", [9.0])])
    store.delete("docs", ["d2"])
    with store._engine.guard():
        store._engine.client().command(f"OPTIMIZE TABLE {store._tables['docs'].name} FINAL")
    assert {one.id: one.content for one in store.iter_documents("docs")} == {
        "d0": "old", "d1": "new", "d3": "old", "d4": "old",
    }  # fmt: skip
    assert store.insert("docs", [Document("d2", "back", [2.0])]) == ["d2"]
    assert store.count("docs") == 5
    store.delete_collection("docs")


# -- indexes and tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("distance", ["cosine", "euclidean", "dot"])
def test_an_index_finds_what_is_nearest_and_follows_changes(
    clickhouse_url: str, fresh_prefix: str, distance: str
) -> None:
    index = {"quantization": "f32", "hnsw_max_connections_per_layer": 16, "hnsw_candidate_list_size_for_search": 64}
    with ClickHouseKnowledgeStore(clickhouse_url, table_prefix=fresh_prefix, index=index) as store:
        store.create_collection("docs", 2, distance)
        assert "vector_similarity" in str(
            _command(store, f"SHOW CREATE TABLE {store._quoted(fresh_prefix + 'docs')}")
        ) or (distance == "dot")
        store.insert("docs", [Document(f"d{i}", "", [1.0, i / 10], {"even": i % 2 == 0}) for i in range(50)])
        query = [1.0, 0.0] if distance != "dot" else [-1.0, -1.0]
        assert [one.id for one in store.search("docs", query, 3)] == ["d0", "d1", "d2"]
        store.delete("docs", ["d0"])
        store.upsert("docs", [Document("d1", "", [1.0, 99.0], {"even": True})])
        assert [one.id for one in store.search("docs", query, 2)] == ["d2", "d3"]
        assert [one.id for one in store.search("docs", query, 2, {"even": True})] == ["d2", "d4"]
        store.delete_collection("docs")


def test_somebody_elses_table_is_neither_listed_nor_touched(store: ClickHouseKnowledgeStore, fresh_prefix: str) -> None:
    store.setup()
    name = store._quoted(f"{fresh_prefix}theirs")
    with store._engine.guard():
        store._engine.client().command(f"CREATE TABLE {name} (x Int8) ENGINE = Memory COMMENT 'it''s {{}}'")
    assert store.list_collections() == []
    with pytest.raises(UnsupportedError, match="no collection"):
        store.count("theirs")
    with pytest.raises(AlreadyExistsError):
        store.create_collection("theirs", 2)
    with store._engine.guard():
        store._engine.client().command(f"DROP TABLE {name}")


# -- forms and options ----------------------------------------------------------------------------------------


def test_the_engine_in_memory_works_and_a_process_has_one_path(tmp_path: Path) -> None:
    code = """
import sys
from praison_persist import KnowledgeDocument, UnavailableError
from praison_persist_clickhouse import ClickHouseKnowledgeStore
with ClickHouseKnowledgeStore(":memory:") as store:
    store.create_collection("docs", 2)
    store.insert("docs", [KnowledgeDocument("a", "text", [1.0, 0.0], {"x": [None, 1]})])
    assert [one.id for one in store.search("docs", [1.0, 0.1], filters={"x": None})] == ["a"]
    try:
        ClickHouseKnowledgeStore(path=sys.argv[1]).list_collections()
    except UnavailableError as error:
        print(error.hint)
with ClickHouseKnowledgeStore(path=sys.argv[1]) as store:
    print(store.list_collections())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "data")], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert "one path" in done.stdout


def test_the_async_store_is_for_servers_only() -> None:
    with pytest.raises(ConfigurationError, match="asynchronous"):
        AsyncClickHouseKnowledgeStore(":memory:")


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({}, "http://localhost:8123"),
        ({"secure": True, "host": "db"}, "https://db:8443"),
        ({"url": "clickhouse://u:p@db/x"}, "http://db:8123"),
        ({"url": "clickhouses://db"}, "https://db:8443"),
        ({"url": "https://db:9000"}, "https://db:9000"),
        ({"url": "clickhouse://db?secure=true"}, "https://db:8443"),
        ({"url": "http://[::1]:1"}, "http://[::1]:1"),
        ({"url": ":memory:"}, ":memory:"),
    ],
)
def test_urls_and_arguments_name_a_place(options: dict[str, Any], shown: str) -> None:
    assert repr(ClickHouseKnowledgeStore(**options)) == f"ClickHouseKnowledgeStore({shown!r})"


@pytest.mark.parametrize(
    "options",
    [
        {"url": "mysql://db"},
        {"url": "clickhouse://db?ssl=1"},
        {"url": ":memory:", "path": "x"},
        {"index": {"m": 16}},
        {"index": {"quantization": "f8"}},
        {"index": {"hnsw_max_connections_per_layer": -1}},
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        ClickHouseKnowledgeStore(**options)


@pytest.mark.parametrize("options", [{"timeout": 0}, {"database": "a`b"}, {"table_prefix": "a-b"}, {"secure": "yes"}])
def test_wrong_values_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be|not a valid name"):
        ClickHouseKnowledgeStore(**options)


def test_an_index_may_be_an_object() -> None:
    assert VectorIndex.of(VectorIndex(quantization="i8")) == VectorIndex("i8")
    assert VectorIndex.of(True) == VectorIndex()
    assert VectorIndex.of(False) is None


def test_a_held_directory_says_who_may_use_it(tmp_path: Path) -> None:
    code = f"""
from praison_persist_clickhouse import ClickHouseKnowledgeStore
store = ClickHouseKnowledgeStore(path={str(tmp_path / "data")!r})
store.setup()
print("open", flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as held:
        assert held.stdout
        assert held.stdout.readline() == "open\n"
        try:
            with (
                ClickHouseKnowledgeStore(path=tmp_path / "data") as store,
                pytest.raises(UnavailableError) as caught,
            ):
                store.setup()
            assert "one process" in str(caught.value.hint)
        finally:
            held.communicate("\n")
