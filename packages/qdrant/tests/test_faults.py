"""A server that is down, hangs, refuses, fails or is too old: typed errors within the deadline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
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
    UnsupportedError,
)
from praison_persist_qdrant import QdrantKnowledgeStore
from praison_persist_qdrant.errors import translated
from praison_persist_testkit.faults import answering


@contextmanager
def _answering(*answers: tuple[int, Any], version: str = "1.20.0") -> Iterator[str]:
    """A server that gives these answers one after the other, the last one for ever, and its version at its root."""
    left = list(answers)

    def reply(path: str) -> tuple[int, Any]:
        if path == "/":
            return 200, {"title": "qdrant", "version": version}
        return left.pop(0) if len(left) > 1 else left[0]

    with answering(reply) as url:
        yield url


@pytest.fixture
def silent(silent_port: int) -> str:
    """An address that accepts connections and never answers."""
    return f"http://127.0.0.1:{silent_port}"


def _error(status: int, message: str = "no") -> tuple[int, Any]:
    return status, {"status": {"error": message}, "time": 0.0}


def test_a_server_that_is_down_is_unavailable(dead_port: int) -> None:
    with QdrantKnowledgeStore(host="127.0.0.1", port=dead_port) as store, pytest.raises(UnavailableError) as caught:
        store.list_collections()
    error = caught.value
    assert (error.backend, error.operation, error.retryable) == ("qdrant", "list_collections", True)
    assert f"http://127.0.0.1:{dead_port}" in str(error)
    assert not error.ambiguous


@pytest.mark.parametrize("operation", ["setup", "list_collections"])
def test_a_server_that_hangs_is_given_up_after_the_deadline(silent: str, operation: str) -> None:
    with (
        QdrantKnowledgeStore(silent, connect_timeout=0.2) as store,
        pytest.raises(OperationTimeoutError, match="in time"),
    ):
        getattr(store, operation)()


def test_a_server_that_stays_away_can_come_back(dead_port: int) -> None:
    with QdrantKnowledgeStore(host="127.0.0.1", port=dead_port) as store:
        with pytest.raises(UnavailableError):
            store.list_collections()
        with pytest.raises(UnavailableError):
            store.list_collections()


@pytest.mark.parametrize(
    ("answer", "expected", "ambiguous"),
    [
        (_error(400, "Wrong input: bad"), InvalidInputError, False),
        (_error(401), ConfigurationError, False),
        (_error(403), ConfigurationError, False),
        (_error(500), UnavailableError, True),
        (_error(503), UnavailableError, True),
        ((502, b"<html>Bad gateway</html>"), UnavailableError, True),
        ((200, b"<html>Hello</html>"), UnavailableError, True),
    ],
)
def test_answers_become_errors_of_the_contract(answer: Any, expected: type[PersistError], ambiguous: bool) -> None:
    with _answering(answer) as url, QdrantKnowledgeStore(url, api_key="s3cret") as store:
        with pytest.warns(UserWarning, match="insecure"), pytest.raises(expected) as caught:
            store.create_collection("docs", 2)
        assert caught.value.ambiguous is ambiguous
        assert caught.value.operation == "create_collection"
        assert "s3cret" not in str(caught.value)


def test_a_name_that_is_taken_in_between_already_exists() -> None:
    with _answering(_error(409)) as url, QdrantKnowledgeStore(url) as store, pytest.raises(AlreadyExistsError):
        store.create_collection("docs", 2)


def test_a_collection_that_disappears_is_not_found_and_forgotten() -> None:
    with QdrantKnowledgeStore(":memory:") as store:
        store.create_collection("docs", 1)
        assert store.count("docs") == 0
        store._engine.client().delete_collection("docs")
        with pytest.raises(NotFoundError):
            store.insert("docs", [KnowledgeDocument("a", "", [1.0])])
        store.create_collection("docs", 2)
        store.insert("docs", [KnowledgeDocument("a", "", [1.0, 2.0])])


def test_a_server_that_would_overwrite_on_insert_is_refused() -> None:
    with _answering(version="1.16.3") as url, QdrantKnowledgeStore(url) as store:
        with pytest.raises(UnsupportedError, match=r"1\.16\.3") as caught:
            store.list_collections()
        assert "1.17" in str(caught.value.hint)


def test_a_failed_write_of_unknown_outcome_says_so() -> None:
    described = {
        "result": {
            "status": "green",
            "optimizer_status": "ok",
            "segments_count": 1,
            "config": {
                "params": {"vectors": {"size": 1, "distance": "Dot"}},
                "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000},
                "optimizer_config": {
                    "deleted_threshold": 0.2,
                    "vacuum_min_vector_number": 1000,
                    "default_segment_number": 0,
                    "flush_interval_sec": 5,
                },
                "metadata": {"praison_persist": {"format": 1, "metadata": None}},
            },
            "payload_schema": {},
        },
        "status": "ok",
        "time": 0.0,
    }
    with _answering((200, described), _error(500)) as url, QdrantKnowledgeStore(url) as store:
        with pytest.raises(UnavailableError) as caught:
            store.insert("docs", [KnowledgeDocument("a", "", [1.0])])
        assert caught.value.ambiguous


class _RpcError(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "details"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.UNAVAILABLE, UnavailableError),
        (grpc.StatusCode.DEADLINE_EXCEEDED, OperationTimeoutError),
        (grpc.StatusCode.NOT_FOUND, NotFoundError),
        (grpc.StatusCode.ALREADY_EXISTS, AlreadyExistsError),
        (grpc.StatusCode.INVALID_ARGUMENT, InvalidInputError),
        (grpc.StatusCode.UNAUTHENTICATED, ConfigurationError),
        (grpc.StatusCode.INTERNAL, UnavailableError),
    ],
)
def test_grpc_statuses_become_errors_of_the_contract(code: grpc.StatusCode, expected: type[PersistError]) -> None:
    with pytest.raises(expected), translated("h:6334", embedded=False, write=True):
        raise _RpcError(code)


def test_a_dead_grpc_server_is_unavailable(dead_port: int) -> None:
    options: dict[str, Any] = {"grpc_port": dead_port, "prefer_grpc": True, "timeout": 2}
    with QdrantKnowledgeStore(host="127.0.0.1", port=dead_port, **options) as store, pytest.raises(UnavailableError):
        store.list_collections()
