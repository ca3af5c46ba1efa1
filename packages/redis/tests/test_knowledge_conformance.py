"""The knowledge contract on every index: vector sets of Redis 8, the query engine behind a stand-in, none at all."""

from __future__ import annotations

import pytest

from praison_persist_testkit import KnowledgeConformance, Target


class TestVectorSets(KnowledgeConformance):
    """Redis 8 itself; what vector sets cannot do (any distance but cosine) falls to searches without index."""

    @pytest.fixture
    def target(self, redis8_url: str, fresh_prefix: str) -> Target:
        return Target("redis", url=redis8_url, options={"prefix": fresh_prefix, "index": "vectorset,flat"})


class TestFlatOverResp2(KnowledgeConformance):
    """Without an index, on Redis 7."""

    @pytest.fixture
    def target(self, redis_url: str, fresh_prefix: str) -> Target:
        return Target("redis", url=redis_url, options={"prefix": fresh_prefix, "index": "flat", "protocol": 2})
