"""The conformance suite on every form of Chroma: in memory, in a directory, on a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from praison_persist_testkit import KnowledgeConformance, Target


class TestChromaMemory(KnowledgeConformance):
    @pytest.fixture
    def target(self) -> Target:
        return Target("chroma", url=":memory:", shared=False)


class TestChromaPath(KnowledgeConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        # Chroma's directories are for one process: another one does not see what was written after it was opened.
        return Target("chroma", options={"path": tmp_path / "chroma"}, processes=False)


class TestChromaServer(KnowledgeConformance):
    @pytest.fixture
    def target(self, chroma_url: str, fresh_prefix: str) -> Target:
        return Target("chromadb", url=chroma_url, options={"collection_prefix": fresh_prefix})


class TestAsyncChroma(KnowledgeConformance):
    @pytest.fixture
    def target(self, chroma_url: str, fresh_prefix: str) -> Target:
        return Target("async_chroma", url=chroma_url, options={"collection_prefix": fresh_prefix})
