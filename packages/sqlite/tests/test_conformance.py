"""The SQLite stores keep the contracts of core: the conformance suites, on files and in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from praison_persist_testkit import ConversationConformance, StateConformance, Target


class TestSQLite(ConversationConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target("sqlite", url=f"sqlite:///{tmp_path}/conversations.db")


class TestSQLiteInMemory(ConversationConformance):
    @pytest.fixture
    def target(self) -> Target:
        return Target("sqlite", url="sqlite://", shared=False, processes=False)


class TestSyncSQLite(ConversationConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target("sync_sqlite", options={"path": str(tmp_path / "conversations.db")})


class TestAsyncSQLite(ConversationConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target("async_sqlite", url=f"sqlite:///{tmp_path}/conversations.db")


class TestSQLiteState(StateConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target("sqlite", url=f"sqlite:///{tmp_path}/state.db")


class TestSQLiteStateInMemory(StateConformance):
    @pytest.fixture
    def target(self) -> Target:
        return Target("sqlite", url="sqlite://", shared=False, processes=False)
