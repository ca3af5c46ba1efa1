"""The knowledge contract on every index: vector sets of Redis 8, the query engine behind a stand-in, none at all."""

from __future__ import annotations

import pytest

from praison_persist_testkit import KnowledgeConformance, Target


class TestVectorSets(KnowledgeConformance):
    """Redis 8 itself; what vector sets cannot do (any distance but cosine) falls to searches without index."""

    @pytest.fixture
    def target(self, redis8_url: str, fresh_prefix: str) -> Target:
        return Target("redis", url=redis8_url, options={"prefix": fresh_prefix, "index": "vectorset,flat"})


class TestAsyncVectorSets(KnowledgeConformance):
    """Redis 8 itself, through redis-py's asyncio client and RESP2."""

    @pytest.fixture
    def target(self, redis8_url: str, fresh_prefix: str) -> Target:
        options = {"prefix": fresh_prefix, "index": "vectorset,flat", "protocol": 2}
        return Target("async_redis", url=redis8_url, options=options)


class TestQueryEngine(KnowledgeConformance):
    """Over RESP3, against the stand-in."""

    @pytest.fixture
    def target(self, redis_query_url: str, fresh_prefix: str) -> Target:
        return Target("redis", url=redis_query_url, options={"prefix": fresh_prefix, "index": "query"})
