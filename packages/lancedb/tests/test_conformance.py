"""The conformance suite on LanceDB in memory and in a directory, blocking and asynchronous."""

from __future__ import annotations

from pathlib import Path

import pytest

from praison_persist_testkit import KnowledgeConformance, Target


class TestLanceDBMemory(KnowledgeConformance):
    @pytest.fixture
    def target(self) -> Target:
        return Target("lancedb", url="memory://", shared=False)


class TestLanceDBPath(KnowledgeConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target("lancedb", options={"path": tmp_path / "lancedb"})


class TestAsyncLanceDB(KnowledgeConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target("async_lancedb", url=str(tmp_path / "lancedb"))
