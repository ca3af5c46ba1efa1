"""The conformance suite on every form of Qdrant: in memory, in a directory, over HTTP.

Over HTTP against a real server where PRAISON_PERSIST_TEST_QDRANT_URL names one, else against the stand-in.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from praison_persist_testkit import KnowledgeConformance, Target

# Qdrant orders no strings, and compares numbers as doubles.
UNSUPPORTED = {
    "gt large integer",
    "gt text",
    "lte text",
    "gt text beyond the basic plane",
    "gt numeric text",
    "list of texts gt",
}


class TestQdrantMemory(KnowledgeConformance):
    unsupported_filters = UNSUPPORTED

    @pytest.fixture
    def target(self) -> Target:
        return Target("qdrant", url=":memory:", shared=False)


class TestQdrantPath(KnowledgeConformance):
    unsupported_filters = UNSUPPORTED

    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target("qdrant", options={"path": tmp_path / "qdrant"}, processes=False)


class TestQdrantHTTP(KnowledgeConformance):
    unsupported_filters = UNSUPPORTED

    @pytest.fixture
    def target(self, qdrant_url: str, fresh_prefix: str) -> Target:
        return Target("qdrant", url=qdrant_url, options={"collection_prefix": fresh_prefix})


class TestAsyncQdrant(KnowledgeConformance):
    unsupported_filters = UNSUPPORTED

    @pytest.fixture
    def target(self, qdrant_url: str, fresh_prefix: str) -> Target:
        return Target("async_qdrant", url=qdrant_url, options={"collection_prefix": fresh_prefix})
