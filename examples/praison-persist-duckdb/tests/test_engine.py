"""What is DuckDB's own: one process at a time, and one user at a time in it."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest
from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument
from praison_persist.errors import OperationTimeoutError, UnavailableError

from praison_persist_duckdb import DuckdbKnowledgeStore

HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def test_a_file_of_another_process_is_a_readable_error(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with DuckdbKnowledgeStore(path) as store, pytest.raises(UnavailableError) as caught:
            store.list_collections()
        other.communicate("")
    assert "another process" in str(caught.value.hint)
    assert not caught.value.retryable


def test_a_busy_file_is_waited_for_until_the_timeout(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    with DuckdbKnowledgeStore(path) as first, DuckdbKnowledgeStore(path, timeout=0.2) as second:
        with first._client.transaction(), pytest.raises(OperationTimeoutError, match="busy"):
            second.list_collections()
        assert second.list_collections() == []


def test_stores_of_one_process_share_the_file(tmp_path: Path) -> None:
    url = f"duckdb:///{tmp_path}/test.db"
    with KNOWLEDGE_STORES.create_from_url(url) as first, KNOWLEDGE_STORES.create("duck", url=url) as second:
        first.create_collection("c", dimension=2)

        def insert(number: int) -> None:
            store = (first, second)[number % 2]
            store.insert("c", [KnowledgeDocument(id=str(number), content="x", embedding=[1, number])])

        threads = [threading.Thread(target=insert, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert first.count("c") == second.count("c") == 20


def test_health_names_the_engine(tmp_path: Path) -> None:
    with DuckdbKnowledgeStore(tmp_path / "test.db") as store:
        assert store.health().server == f"DuckDB {duckdb.__version__}"
