"""The SurrealDB stores keep the contracts of core: the conformance suites, inside the process and over a WebSocket.

Over a WebSocket against a real server where PRAISON_PERSIST_TEST_SURREALDB_URL names one, else against the stand-in.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from praison_persist_testkit import ConversationConformance, KnowledgeConformance, Target, notimpl


def _directory(name: str, path: Path) -> Target:
    return Target(name, url=f"surrealkv://{path}/db", processes=False)


def _server(name: str, url: str, prefix: str) -> Target:
    return Target(name, url=url, options={"database": prefix, "pool_size": 8}, secret=urlsplit(url).password)


CHANGES = {"test_changes_of_one_session_are_all_kept": notimpl("the session is read and written in two calls")}


class TestMemory(ConversationConformance):
    deviations = CHANGES

    @pytest.fixture
    def target(self) -> Target:
        return Target("surrealdb", url="mem://", shared=False)


class TestDirectory(ConversationConformance):
    deviations = CHANGES

    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return _directory("surrealdb", tmp_path)


class TestServer(ConversationConformance):
    deviations = CHANGES

    @pytest.fixture
    def target(self, surrealdb_url: str, fresh_prefix: str) -> Target:
        return _server("surrealdb", surrealdb_url, fresh_prefix)


class TestAsyncDirectory(ConversationConformance):
    deviations = CHANGES

    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return _directory("async_surrealdb", tmp_path)


class TestAsyncServer(ConversationConformance):
    deviations = CHANGES

    @pytest.fixture
    def target(self, surrealdb_url: str, fresh_prefix: str) -> Target:
        return _server("async_surrealdb", surrealdb_url, fresh_prefix)


class TestVectorMemory(KnowledgeConformance):
    @pytest.fixture
    def target(self) -> Target:
        return Target("surrealdb_vector", url="mem://", shared=False)


class TestVectorDirectory(KnowledgeConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return _directory("surrealdb_vector", tmp_path)


class TestVectorServer(KnowledgeConformance):
    @pytest.fixture
    def target(self, surrealdb_url: str, fresh_prefix: str) -> Target:
        return _server("surrealdb_vector", surrealdb_url, fresh_prefix)
