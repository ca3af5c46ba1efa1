"""A server that is down, hangs, refuses, or dies in the middle of inserts: typed errors, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from praison_persist import (
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)
from praison_persist.aio import sync_view
from praison_persist_clickhouse import AsyncClickHouseKnowledgeStore, ClickHouseKnowledgeStore
from praison_persist_testkit.faults import written_through_kills

Document = KnowledgeDocument
FULL = os.environ.get("PRAISON_PERSIST_FULL") == "1"


def _open(kind: str, url: str, **options: Any) -> Any:
    if kind == "blocking":
        return ClickHouseKnowledgeStore(url, **options)
    return sync_view(AsyncClickHouseKnowledgeStore(url, **options))


@pytest.fixture
def silent(silent_port: int) -> str:
    """An address that accepts connections and never answers."""
    return f"http://127.0.0.1:{silent_port}"


@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_a_server_that_is_down_is_unavailable_at_once(kind: str, dead_port: int) -> None:
    began = time.monotonic()
    with (
        _open(kind, f"clickhouse://u:s3cret@127.0.0.1:{dead_port}") as store,
        pytest.raises(UnavailableError) as caught,
    ):
        store.list_collections()
    error = caught.value
    assert time.monotonic() - began < 10  # the import of the driver included
    assert (error.operation, error.retryable, error.ambiguous) == ("list_collections", True, False)
    assert f"127.0.0.1:{dead_port}" in str(error)
    assert "s3cret" not in f"{error}{error!r}{error.__cause__}"


@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_a_server_that_hangs_is_given_up_after_the_timeout(kind: str, silent: str) -> None:
    began = time.monotonic()
    with _open(kind, silent, timeout=0.5) as store, pytest.raises(OperationTimeoutError, match="in time"):
        store.list_collections()
    assert time.monotonic() - began < 10


def test_wrong_credentials_are_a_configuration_error_without_the_password(clickhouse_url: str) -> None:
    wrong = clickhouse_url.replace("s3cret", "wrong-s3cret-too")
    with ClickHouseKnowledgeStore(wrong) as store, pytest.raises(ConfigurationError) as caught:
        store.list_collections()
    assert "wrong-s3cret-too" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (36, InvalidInputError),
        (57, AlreadyExistsError),
        (60, NotFoundError),
        (81, NotFoundError),
        (159, OperationTimeoutError),
        (241, UnavailableError),
        (516, ConfigurationError),
    ],
)
def test_codes_become_errors_of_the_contract(code: int, expected: type[PersistError]) -> None:
    from clickhouse_connect.driver.exceptions import DatabaseError

    from praison_persist_clickhouse.errors import translated

    with pytest.raises(expected), translated("h:8123", write=True):
        raise DatabaseError("Code: no", code=code)


def test_a_collection_that_disappears_is_not_found_and_forgotten(clickhouse_url: str, fresh_prefix: str) -> None:
    with (
        ClickHouseKnowledgeStore(clickhouse_url, table_prefix=fresh_prefix) as store,
        ClickHouseKnowledgeStore(clickhouse_url, table_prefix=fresh_prefix) as other,
    ):
        store.create_collection("docs", 1, "dot")
        store.insert("docs", [Document("a", "", [1.0])])
        other.delete_collection("docs")
        with pytest.raises(NotFoundError):
            store.upsert("docs", [Document("a", "", [1.0])])
        store.create_collection("docs", 2, "dot")
        store.insert("docs", [Document("a", "", [1.0, 2.0])])
        store.delete_collection("docs")


def test_a_server_killed_in_the_middle_of_inserts_loses_nothing_acknowledged(
    clickhouse_engine: Any, fresh_prefix: str
) -> None:
    rounds = 5 if FULL else 2
    url = clickhouse_engine.start()
    with ClickHouseKnowledgeStore(url, table_prefix=fresh_prefix, timeout=5.0) as store:
        store.create_collection("docs", 2, "dot")
        acknowledged, failures = written_through_kills(store, clickhouse_engine, "docs", rounds)
        assert failures
        assert all(isinstance(error, UnavailableError) for error in failures)
        stored = {document.id: document for document in store.iter_documents("docs")}
        assert set(acknowledged) <= set(stored)
        assert store.count("docs") == len(stored)
        assert {document.content for document in stored.values()} == {f"text {i}" for i in range(5)}


def test_an_embedded_engine_killed_in_the_middle_of_inserts_loses_nothing_acknowledged(tmp_path: Path) -> None:
    code = f"""
from praison_persist import KnowledgeDocument
from praison_persist_clickhouse import ClickHouseKnowledgeStore
store = ClickHouseKnowledgeStore(path={str(tmp_path / "data")!r})
store.create_collection("docs", 2, "dot")
number = 0
while True:
    number += 1
    store.insert("docs", [KnowledgeDocument(f"{{number}}-{{i}}", "text", [1.0, i]) for i in range(3)])
    print(number, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        told = [writer.stdout.readline() for _ in range(5)]
        writer.kill()
        told += writer.stdout.readlines()
    last = max(int(line) for line in told if line.endswith("\n"))
    read = f"""
from praison_persist_clickhouse import ClickHouseKnowledgeStore
with ClickHouseKnowledgeStore(path={str(tmp_path / "data")!r}) as store:
    print(*[one.id for one in store.iter_documents("docs")])
"""
    done = subprocess.run([sys.executable, "-c", read], capture_output=True, text=True, check=True)
    assert {f"{number}-{i}" for number in range(1, last + 1) for i in range(3)} <= set(done.stdout.split())
