"""A server that is down, hangs, freezes or dies in the middle of inserts: typed errors, and nothing is lost."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import closing, suppress
from typing import Any

import pytest
import singlestoredb
from singlestoredb.exceptions import Error

from praison_persist import (
    ConfigurationError,
    KnowledgeDocument,
    NotFoundError,
    OperationTimeoutError,
    UnavailableError,
)
from praison_persist_singlestore import SingleStoreVectorKnowledgeStore
from praison_persist_testkit.faults import written_through_kills

Document = KnowledgeDocument
FULL = os.environ.get("PRAISON_PERSIST_FULL") == "1"


def test_a_server_that_is_down_is_unavailable_within_five_seconds() -> None:
    began = time.monotonic()
    with (
        SingleStoreVectorKnowledgeStore("singlestoredb://u:s3cret@127.0.0.1:1/d") as store,
        pytest.raises(UnavailableError) as caught,
    ):
        store.list_collections()
    error = caught.value
    assert time.monotonic() - began < 5
    assert (error.backend, error.operation, error.ambiguous) == ("singlestore_vector", "list_collections", False)
    assert "s3cret" not in f"{error}{error!r}{error.__cause__}"


def test_a_server_that_never_greets_is_given_up_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"singlestoredb://u:s3cret@127.0.0.1:{listener.getsockname()[1]}/d"
        began = time.monotonic()
        with (
            SingleStoreVectorKnowledgeStore(url, connect_timeout=0.5) as store,
            pytest.raises(OperationTimeoutError, match=r"0\.5 s"),
        ):
            store.list_collections()
        assert time.monotonic() - began < 5


def test_a_wrong_password_is_a_configuration_error_without_it(vectors_class: Any, singlestore_url: str) -> None:
    wrong = singlestore_url.replace("@", "-wrong-too@")
    with vectors_class(wrong) as store, pytest.raises(ConfigurationError) as caught:
        store.list_collections()
    assert "-wrong-too" not in f"{caught.value}{caught.value.__cause__}"


def test_a_collection_that_disappears_is_not_found_and_forgotten(
    vectors_class: Any, singlestore_url: str, fresh_prefix: str
) -> None:
    with (
        vectors_class(singlestore_url, table_prefix=fresh_prefix) as store,
        vectors_class(singlestore_url, table_prefix=fresh_prefix) as other,
    ):
        store.create_collection("docs", 1, "dot")
        store.insert("docs", [Document("a", "", [1.0])])
        other.delete_collection("docs")
        other.create_collection("docs", 2, "dot")
        with pytest.raises(NotFoundError):
            store.upsert("docs", [Document("a", "", [1.0])])
        store.insert("docs", [Document("a", "", [1.0, 2.0])])
        assert other.count("docs") == 1


def test_connections_killed_between_calls_cost_nothing(
    vectors_class: Any, singlestore_engine: Any, fresh_prefix: str
) -> None:
    url = singlestore_engine.start()  # of this process alone: others have connections to the same database
    with vectors_class(url, table_prefix=fresh_prefix, pool_size=1, retry_delay=0.05) as store:
        store.create_collection("docs", 1, "dot")
        with closing(singlestoredb.connect(**store._settings.arguments)) as admin:
            cursor: Any = admin.cursor()
            database = store._settings.arguments["database"]
            for number in range(4):
                store.insert("docs", [Document(str(number), "", [1.0])])
                cursor.execute("SHOW PROCESSLIST")
                for id_ in [row[0] for row in cursor.fetchall() if (row[3], row[4]) == (database, "Sleep")]:
                    with suppress(Error):  # it ended by itself
                        cursor.execute(f"KILL {id_}")
        assert [found.id for found in store.iter_documents("docs")] == list("0123")


def test_a_frozen_server_is_given_up_and_found_again(
    vectors_class: Any, singlestore_engine: Any, fresh_prefix: str
) -> None:
    with vectors_class(singlestore_engine.start(), table_prefix=fresh_prefix, command_timeout=1.0) as store:
        store.create_collection("docs", 1, "dot")
        os.kill(singlestore_engine.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            with pytest.raises(OperationTimeoutError, match="no answer within 1 s"):
                store.count("docs")
            assert time.monotonic() - began < 5
        finally:
            os.kill(singlestore_engine.pid, signal.SIGCONT)
        assert store.count("docs") == 0


def test_a_server_killed_in_the_middle_of_inserts_loses_nothing_acknowledged(
    vectors_class: Any, singlestore_engine: Any, fresh_prefix: str
) -> None:
    rounds = 5 if FULL else 2
    with vectors_class(singlestore_engine.start(), table_prefix=fresh_prefix, max_retries=0) as store:
        store.create_collection("docs", 2, "dot")
        acknowledged, failures = written_through_kills(store, singlestore_engine, "docs", rounds)
        assert failures
        assert all(isinstance(error, UnavailableError) for error in failures)
        stored = [found.id for found in store.iter_documents("docs")]
        assert set(acknowledged) <= set(stored)
        batches = {id_.rpartition("-")[0] for id_ in stored}
        assert len(stored) == 5 * len(batches)  # each batch whole or not at all
