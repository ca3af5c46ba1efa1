"""A server that is down or hangs, and an embedded engine whose process is killed: typed errors, no document lost."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from praison_persist import KnowledgeDocument, PersistError, UnavailableError
from praison_persist_milvus import MilvusKnowledgeStore


def test_a_server_that_is_down_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"milvus://user:s3cret@127.0.0.1:{listener.getsockname()[1]}"
    began = time.monotonic()
    with MilvusKnowledgeStore(url) as store, pytest.raises(UnavailableError) as caught:
        store.list_collections()
    error = caught.value
    assert (error.backend, error.operation, error.retryable, error.ambiguous) == (
        "milvus", "list_collections", True, False
    )  # fmt: skip
    assert "s3cret" not in str(error) + repr(store) + repr(store._engine.location)
    assert time.monotonic() - began < 5


def test_a_server_that_hangs_is_given_up_after_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        began = time.monotonic()
        with MilvusKnowledgeStore(url, connect_timeout=0.3) as store, pytest.raises(UnavailableError):
            store.list_collections()
        assert time.monotonic() - began < 5


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


def _process(path: Path) -> Any:
    from milvus_lite.server_manager import server_manager_instance

    return server_manager_instance._servers[str(path.resolve())]._p
