"""The Turso stores keep the contracts of core: the conformance suites, on files, in memory and on a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from praison_persist_testkit import ConversationConformance, StateConformance, Target


class TestTursoFile(ConversationConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target("turso", options={"local_path": str(tmp_path / "conversations.db")})


class TestTursoInMemory(ConversationConformance):
    @pytest.fixture
    def target(self) -> Target:
        return Target("turso", options={"local_path": ":memory:"}, shared=False, processes=False)


class TestAsyncTursoFile(ConversationConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target("async_turso", url=f"file:{tmp_path}/conversations.db")


class TestTursoServer(ConversationConformance):
    @pytest.fixture
    def target(self, turso_url: str, fresh_prefix: str) -> Target:
        return Target(
            "turso", url=turso_url, options={"table_prefix": fresh_prefix, "auth_token": "s3cr3t"}, secret="s3cr3t"
        )


class TestAsyncTursoServer(ConversationConformance):
    @pytest.fixture
    def target(self, turso_url: str, fresh_prefix: str) -> Target:
        return Target("async_turso", url=turso_url, options={"table_prefix": fresh_prefix})


class TestTursoStateFile(StateConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target("turso", url=f"file:{tmp_path}/state.db")


class TestTursoStateServer(StateConformance):
    @pytest.fixture
    def target(self, turso_url: str, fresh_prefix: str) -> Target:
        return Target("turso", url=turso_url, options={"table_prefix": fresh_prefix})


class TestTursoReplica(ConversationConformance):
    @pytest.fixture
    def target(self, standin: Callable[..., str], tmp_path: Path) -> Target:
        replica = {"local_path": str(tmp_path / "replica.db"), "auth_token": "s3cr3t"}
        return Target(
            "turso", url=standin("--sync", "--token", "s3cr3t"), options=replica, secret="s3cr3t", shared=False
        )
