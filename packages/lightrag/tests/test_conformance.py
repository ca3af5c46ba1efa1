"""The conformance suite on LightRAG itself, without a model: in a directory, and on an instance that is wrapped."""

from __future__ import annotations

from pathlib import Path

import pytest

from praison_persist_testkit import KnowledgeConformance, Target


class TestDirectory(KnowledgeConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        # Not shared: a directory has one store at a time. That another finds everything is in test_store.
        return Target("lightrag", options={"working_dir": str(tmp_path / "data")}, shared=False)
