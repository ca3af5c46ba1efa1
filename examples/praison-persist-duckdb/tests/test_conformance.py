"""The stores keep the contracts of praison-persist: its conformance suites."""

from __future__ import annotations

from pathlib import Path

import pytest
from praison_persist_testkit import KnowledgeConformance, Target


class TestKnowledge(KnowledgeConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        # The other process would be refused: see test_engine.py.
        return Target("duckdb", url=f"duckdb:///{tmp_path}/test.db", processes=False)
