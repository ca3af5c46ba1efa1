"""Knowledge while a server dies, hangs, or refuses the credentials: a typed error, no acknowledged document lost."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from typing import Any

import pytest

from praison_persist import (
    AlreadyExistsError,
    ConfigurationError,
    KnowledgeDocument,
    OperationTimeoutError,
    UnavailableError,
)
from praison_persist_mongodb.knowledge import AsyncMongoDBVectorKnowledgeStore, MongoDBVectorKnowledgeStore
from praison_persist_testkit.faults import written_through_kills

ROUNDS = 10 if os.environ.get("PRAISON_PERSIST_FULL") else 2


@pytest.fixture
def silent(silent_port: int) -> str:
    """The URL of a port that accepts and never answers."""
    return f"mongodb://ada:s3cret@127.0.0.1:{silent_port}"


def test_no_acknowledged_document_is_lost_when_the_server_is_killed(mongodb_engine: Any, fresh_prefix: str) -> None:
    with MongoDBVectorKnowledgeStore(mongodb_engine.url, collection=fresh_prefix) as store:
        store.create_collection("docs", 2)
        acknowledged, failures = written_through_kills(store, mongodb_engine, "docs", ROUNDS)
        assert len(acknowledged) >= ROUNDS
        assert all(isinstance(error, UnavailableError) for error in failures)
        stored = {one.id: one for one in store.iter_documents("docs")}
        assert set(acknowledged) <= stored.keys()
        for batch in {id_.rpartition("-")[0] for id_ in stored.keys() - set(acknowledged)}:
            assert any(error.ambiguous for error in failures), f"{batch} was half written, and nobody told"


def test_a_server_that_is_away_is_said_in_time() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{reserved.getsockname()[1]}"
        with MongoDBVectorKnowledgeStore(f"mongodb://ada:s3cret@{place}") as store:
            began = time.monotonic()
            with pytest.raises(UnavailableError, match=place) as caught:
                store.create_collection("docs", 2)
            assert time.monotonic() - began < 5
            assert "s3cret" not in str(caught.value) + repr(store)
            assert not caught.value.ambiguous


def test_a_server_that_never_answers_is_given_up_in_time(silent: str) -> None:
    async def main() -> None:
        async with AsyncMongoDBVectorKnowledgeStore(silent, timeout=0.5, connect_timeout=0.5) as store:
            with pytest.raises(OperationTimeoutError):
                await store.list_collections()

    began = time.monotonic()
    with (
        MongoDBVectorKnowledgeStore(silent, timeout=0.5, connect_timeout=0.5) as store,
        pytest.raises(OperationTimeoutError) as caught,
    ):
        store.list_collections()
    asyncio.run(main())
    assert time.monotonic() - began < 5
    assert "s3cret" not in str(caught.value)


def test_credentials_that_are_refused_are_a_mistake_of_the_configuration(mongodb_url: str) -> None:
    url = mongodb_url.replace("://", "://ada:s3cret@", 1)  # no server of the tests has this user
    with MongoDBVectorKnowledgeStore(url) as store, pytest.raises(ConfigurationError, match="credentials") as caught:
        store.list_collections()
    assert "s3cret" not in str(caught.value)


def test_of_a_refused_insert_nothing_is_left(mongodb_url: str, fresh_prefix: str) -> None:
    def one(id_: str) -> KnowledgeDocument:
        return KnowledgeDocument(id_, "text", [1.0, 0.0])

    with MongoDBVectorKnowledgeStore(mongodb_url, collection=fresh_prefix) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [one("m")])
        with pytest.raises(AlreadyExistsError, match="'m'"):
            store.insert("docs", [one("a"), one("m"), one("z")])
        assert [found.id for found in store.iter_documents("docs")] == ["m"]
