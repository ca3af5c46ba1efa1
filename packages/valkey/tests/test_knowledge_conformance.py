"""The knowledge contract on Valkey: valkey-search behind a stand-in, and no index at all on Valkey itself."""

from __future__ import annotations

import pytest

from praison_persist_testkit import KnowledgeConformance, Target


class TestQueryEngine(KnowledgeConformance):
    """Against the stand-in."""

    process_descriptors = 2  # GLIDE's runtime keeps a pair of sockets to wake its threads by

    @pytest.fixture
    def target(self, valkey_query_url: str, fresh_prefix: str) -> Target:
        return Target("valkey", url=valkey_query_url, options={"prefix": fresh_prefix})


class TestFlat(KnowledgeConformance):
    """Valkey itself."""

    process_descriptors = 2

    @pytest.fixture
    def target(self, valkey_url: str, fresh_prefix: str) -> Target:
        return Target("valkey", url=valkey_url, options={"prefix": fresh_prefix, "index": "flat"})
