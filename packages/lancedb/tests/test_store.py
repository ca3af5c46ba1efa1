"""What is LanceDB's own: places, words, indexes, killed writers."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from praison_persist import ConfigurationError, KnowledgeDocument
from praison_persist_lancedb import LanceDBKnowledgeStore
from praison_persist_lancedb.location import location_of

WRITER = """
import sys
from praison_persist import KnowledgeDocument
from praison_persist_lancedb import LanceDBKnowledgeStore
store = LanceDBKnowledgeStore(path=sys.argv[1])
store.create_collection("docs", 2)
for number in range(100_000):
    store.insert("docs", [KnowledgeDocument(f"d{number}", "x", [1.0, float(number)])])
    print(number, flush=True)
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "./lancedb"),
        ({"path": "dir"}, "dir"),
        ({"uri": "s3://bucket/x"}, "s3://bucket/x"),
        ({"url": ":memory:"}, "memory://"),
        ({"url": "lancedb:///abs/dir"}, "/abs/dir"),
        ({"url": "db://project"}, "db://project"),
    ],
)
def test_arguments_name_a_place(given: dict[str, Any], expected: str) -> None:
    assert location_of(**{"url": None, "path": None, "uri": None, **given}) == expected


@pytest.mark.parametrize(
    "given",
    [{"url": "http://h"}, {"url": "a", "path": "b"}, {"uri": "s3://key:s3cret@bucket"}, {"index": {"type": "Flat"}},
     {"index": {"type": "IvfPq", "partitions": 4}}],
)  # fmt: skip
def test_wrong_places_and_indexes_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        LanceDBKnowledgeStore(**given)
    assert "s3cret" not in str(caught.value)


def test_credentials_are_not_shown() -> None:
    store = LanceDBKnowledgeStore("db://project", api_key="s3cret", storage_options={"key": "s3cret"})
    assert "s3cret" not in repr(store) + repr(store._engine.settings)


def test_words_are_found_also_in_documents_that_come_after_the_index() -> None:
    with LanceDBKnowledgeStore("memory://") as store:
        store.create_collection("docs", 2)
        store.insert("docs", [KnowledgeDocument("a", "red apples", [1, 0], {"n": 1})])
        assert [one.id for one in store.search("docs", None, text="apples", mode="keyword")] == ["a"]
        store.insert("docs", [KnowledgeDocument("b", "green apples", [0, 1], {"n": 2})])
        found = store.search("docs", None, text="apples", mode="keyword", filters={"n": {"$gte": 1.5}})
        assert [(one.id, one.embedding) for one in found] == [("b", None)]
        both = store.search("docs", [0, 1], text="red", mode="hybrid", limit=2)
        assert {one.id for one in both} == {"a", "b"}
        assert all((one.score or 0) > 0 for one in both)


def test_an_index_is_built_and_a_search_still_finds_all_that_match(tmp_path: Path) -> None:
    chance = random.Random(3)
    rows = [[chance.gauss(0, 1) for _ in range(16)] for _ in range(600)]
    with LanceDBKnowledgeStore(path=tmp_path, index={"type": "IvfFlat", "num_partitions": 20}, nprobes=1) as store:
        store.create_collection("docs", 16)
        store.insert(
            "docs", [KnowledgeDocument(f"d{i}", "", row, {"rare": i % 100 == 0}) for i, row in enumerate(rows)]
        )
        store.optimize("docs")
        assert len(store.search("docs", rows[0], 6, {"rare": True})) == 6
        store.insert("docs", [KnowledgeDocument("later", "", rows[0])])
        assert {one.id for one in store.search("docs", rows[0], 2)} == {"d0", "later"}


def test_no_acknowledged_document_is_lost_when_the_writer_is_killed(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(5)]
    time.sleep(0.5)
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    acknowledged = [f"d{int(line)}" for line in lines if line.endswith("\n")]
    with LanceDBKnowledgeStore(path=tmp_path) as store:
        assert {one.id for one in store.get("docs", acknowledged)} == {*acknowledged}
        store.insert("docs", [KnowledgeDocument("after", "", [1, 1])])
