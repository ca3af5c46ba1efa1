"""A server that is down, hangs or is killed, and an embedded engine that is: typed errors, no document lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from praison_persist import KnowledgeDocument, PersistError, UnavailableError
from praison_persist.errors import AlreadyExistsError, OperationTimeoutError
from praison_persist_milvus import MilvusKnowledgeStore
from praison_persist_testkit.faults import written_through_kills


def eventually(ask: Callable[[], Any], seconds: float = 120.0) -> Any:
    """What is answered, once nothing is unavailable any more."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except UnavailableError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def test_a_server_that_is_down_is_unavailable(dead_port: int) -> None:
    url = f"milvus://user:s3cret@127.0.0.1:{dead_port}"
    began = time.monotonic()
    with MilvusKnowledgeStore(url) as store, pytest.raises(UnavailableError) as caught:
        store.list_collections()
    error = caught.value
    assert (error.backend, error.operation, error.retryable, error.ambiguous) == (
        "milvus", "list_collections", True, False
    )  # fmt: skip
    assert "s3cret" not in str(error) + repr(store) + repr(store._engine.location)
    assert time.monotonic() - began < 5


def test_a_server_that_hangs_is_given_up_after_the_deadline(silent_port: int) -> None:
    url = f"http://127.0.0.1:{silent_port}"
    began = time.monotonic()
    with MilvusKnowledgeStore(url, connect_timeout=0.3) as store, pytest.raises(UnavailableError):
        store.list_collections()
    assert time.monotonic() - began < 5


def test_no_acknowledged_document_is_lost_when_the_server_is_killed(milvus_engine: Any, fresh_prefix: str) -> None:
    with MilvusKnowledgeStore(milvus_engine.url, collection_prefix=fresh_prefix) as store:
        store.create_collection("docs", 2)
        acknowledged, failures = written_through_kills(store, milvus_engine, "docs", rounds=2)
        assert eventually(lambda: store.count("docs"))  # the server answers before it has all components
        found = [one.id for one in store.iter_documents("docs")]
        assert acknowledged
        assert failures
        assert all(isinstance(failure, (UnavailableError, OperationTimeoutError)) for failure in failures)
        assert {*acknowledged} <= {*found}
        assert len(found) == len({*found}) == store.count("docs")


def test_writers_of_two_stores_never_leave_two_rows_of_an_id(milvus_url: str, fresh_prefix: str) -> None:
    won: list[str] = []

    def insert(store: MilvusKnowledgeStore, text: str) -> None:
        for number in range(5):
            with suppress(AlreadyExistsError):
                won.extend(store.insert("docs", [KnowledgeDocument(f"d{number}", text, [1.0, float(number)])]))

    first, second = (MilvusKnowledgeStore(milvus_url, collection_prefix=fresh_prefix) for _ in range(2))
    with first, second:
        first.create_collection("docs", 2)
        threads = [threading.Thread(target=insert, args=((first, second)[i % 2], f"text {i}")) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {*won} <= {one.id for one in first.iter_documents("docs")}
        assert second.count("docs") == len(first.get("docs", [f"d{number}" for number in range(5)]))
        first.delete_collection("docs")


def test_no_acknowledged_document_is_lost_when_the_embedded_engine_is_killed(tmp_path: Path, milvus_lite: None) -> None:
    acknowledged: list[str] = []
    with MilvusKnowledgeStore(path=tmp_path / "a.db") as store:
        store.create_collection("docs", 4)
        killer = threading.Timer(1.0, _process(tmp_path / "a.db").kill)
        killer.start()
        try:
            for number in range(100_000):
                store.insert("docs", [KnowledgeDocument(f"d{number}", "x", [1.0, 0.0, 0.0, float(number)])])
                acknowledged.append(f"d{number}")
        except PersistError as error:
            assert isinstance(error, UnavailableError)  # noqa: PT017 - which insert meets the kill is not known
        killer.join()
    assert acknowledged
    with MilvusKnowledgeStore(path=tmp_path / "a.db") as again:
        assert {one.id for one in again.get("docs", acknowledged)} == {*acknowledged}
        again.upsert("docs", [KnowledgeDocument("after", "", [1, 1, 1, 1])])


def test_stores_go_on_when_the_embedded_engines_process_dies(tmp_path: Path, milvus_lite: None) -> None:
    stores = [MilvusKnowledgeStore(path=tmp_path / "a.db") for _ in range(2)]
    stores[0].create_collection("docs", 2)
    acknowledged: list[str] = []
    failures: list[Exception] = []

    def insert(worker: int) -> None:
        store = stores[worker % 2]
        for number in range(30):
            name = f"{worker}.{number}"
            try:
                acknowledged.extend(store.insert("docs", [KnowledgeDocument(name, "x", [1.0, float(number)])]))
            except UnavailableError as error:
                failures.append(error)

    threads = [threading.Thread(target=insert, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 10:
        time.sleep(0.01)
    _process(tmp_path / "a.db").kill()
    for thread in threads:
        thread.join()
    assert failures
    assert len(acknowledged) + len(failures) == 4 * 30  # nobody met another error
    for store in stores:
        assert {*acknowledged} <= {one.id for one in store.iter_documents("docs")}
    process = _process(tmp_path / "a.db")
    assert process.poll() is None
    for store in stores:
        store.close()
    assert process.poll() is not None


def test_the_embedded_engines_process_ends_with_its_last_store(tmp_path: Path, milvus_lite: None) -> None:
    first, second = (MilvusKnowledgeStore(path=tmp_path / "a.db") for _ in range(2))
    first.create_collection("docs", 2)
    assert second.list_collections() == ["docs"]
    process = _process(tmp_path / "a.db")
    first.close()
    assert process.poll() is None
    assert second.count("docs") == 0
    second.close()
    assert process.poll() is not None


def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path: Path, milvus_lite: None) -> None:
    (tmp_path / "file").touch()
    with MilvusKnowledgeStore(path=tmp_path / "file" / "a.db") as store, pytest.raises(UnavailableError):
        store.setup()


def test_a_collection_that_somebody_released_is_loaded(milvus_url: str, fresh_prefix: str) -> None:
    with MilvusKnowledgeStore(milvus_url, collection_prefix=fresh_prefix) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [KnowledgeDocument("a", "x", [1.0, 0.0])])
        for read in (
            lambda: store.count("docs"),
            lambda: store.search("docs", [1, 0]),
            lambda: store.get("docs", ["a"]),
        ):
            with store._engine.guard() as client:
                client.release_collection(f"{fresh_prefix}docs")
            assert read()
        store.delete_collection("docs")


def _process(path: Path) -> Any:
    from milvus_lite.server_manager import server_manager_instance

    return server_manager_instance._servers[str(path.resolve())]._p
