"""The conformance suite on LightRAG itself, without a model, in a directory."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from praison_persist_testkit import KnowledgeConformance, Target


class TestDirectory(KnowledgeConformance):
    process_threads: ClassVar[int] = 2  # the loop that LightRAG runs on, and the thread that it writes files in
    process_descriptors: ClassVar[int] = 3  # the loop's

    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        # Not shared: a directory has one store at a time. That a later one finds everything is in test_directory.
        return Target("lightrag", options={"working_dir": str(tmp_path / "data")}, shared=False)
