"""A cluster that is down, hangs, or dies in mid-insert: typed errors within the deadline, nothing acknowledged lost."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from praison_persist import KnowledgeDocument, OperationTimeoutError, PersistError, UnavailableError
from praison_persist_cassandra import CassandraKnowledgeStore

Document = KnowledgeDocument


def test_a_cluster_that_is_down_is_unavailable(dead_port: int) -> None:
    with CassandraKnowledgeStore(hosts=["127.0.0.1"], port=dead_port) as store:
        began = time.monotonic()
        for _ in range(2):
            with pytest.raises(UnavailableError) as caught:
                store.list_collections()
        assert time.monotonic() - began < 5
    error = caught.value
    assert (error.backend, error.operation, error.retryable) == ("cassandra", "list_collections", True)
    assert f"127.0.0.1:{dead_port}" in str(error)
    assert not error.ambiguous


def test_a_cluster_that_hangs_is_given_up_after_the_deadline(silent_port: int) -> None:
    options: dict[str, Any] = {"connect_timeout": 0.5, "password": "s3cret", "username": "u"}
    with CassandraKnowledgeStore(hosts=["127.0.0.1"], port=silent_port, **options) as store:
        began = time.monotonic()
        with pytest.raises((OperationTimeoutError, UnavailableError)) as caught:
            store.list_collections()
        assert time.monotonic() - began < 5
        assert "s3cret" not in str(caught.value) + repr(store) + repr(vars(store))


def test_no_acknowledged_document_is_lost_when_the_server_dies(cassandra_engine: Any, fresh_prefix: str) -> None:
    options: dict[str, Any] = {"collection_prefix": fresh_prefix, "timeout": 20.0, "connect_timeout": 20.0}
    with CassandraKnowledgeStore(cassandra_engine.url, **options) as store:
        store.create_collection("docs", 2)
        acknowledged: list[str] = []
        failures: list[PersistError] = []

        def insert() -> None:
            for i in range(10_000):
                try:
                    acknowledged.extend(store.insert("docs", [Document(f"d{i}", "text", [1.0, float(i)], {"i": i})]))
                except PersistError as error:
                    failures.append(error)
                    return

        writer = threading.Thread(target=insert)
        writer.start()
        while len(acknowledged) < 30 and writer.is_alive():
            time.sleep(0.01)
        cassandra_engine.kill()
        writer.join(60)
        assert not writer.is_alive()
        assert isinstance(failures[0], (UnavailableError, OperationTimeoutError))
        cassandra_engine.restart()
    with CassandraKnowledgeStore(cassandra_engine.url, **options) as store:
        found = {document.id for document in store.get("docs", acknowledged)}
        assert found == set(acknowledged)
        assert [hit.id for hit in store.search("docs", [1.0, 7.0], 1, {"i": 7})] == ["d7"]
