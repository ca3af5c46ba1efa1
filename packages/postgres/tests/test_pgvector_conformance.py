"""The conformance suite on pgvector, without and with an approximate index."""

from __future__ import annotations

import pytest

from praison_persist_testkit import KnowledgeConformance, Target


class TestPGVector(KnowledgeConformance):
    @pytest.fixture
    def target(self, postgres_url: str, fresh_prefix: str) -> Target:
        return Target("pgvector", url=postgres_url, options={"schema": fresh_prefix})


class TestPGVectorIndexed(KnowledgeConformance):
    @pytest.fixture
    def target(self, postgres_url: str, fresh_prefix: str) -> Target:
        return Target("pgvector", url=postgres_url, options={"schema": fresh_prefix, "index": "hnsw"})
