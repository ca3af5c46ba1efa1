"""The knowledge contract on MongoDB, with its vector search and without; over a stand-in where no MongoDB is at hand.

PRAISON_PERSIST_TEST_MONGODB_URL names a real one: Atlas, a local Atlas deployment, or a server without search.
"""

from __future__ import annotations

import pytest

from praison_persist_testkit import KnowledgeConformance, Target


class TestVectorSearch(KnowledgeConformance):
    watchdog_seconds = 400  # the random calls are some thousands

    @pytest.fixture
    def target(self, mongodb_url: str, fresh_prefix: str) -> Target:
        return Target("mongodb_vector", url=mongodb_url, options={"collection": f"{fresh_prefix}vectors"})


class TestAsyncExactSearch(KnowledgeConformance):
    watchdog_seconds = 400  # the random calls are some thousands

    @pytest.fixture
    def target(self, mongodb_url: str, fresh_prefix: str) -> Target:
        options = {"collection": f"{fresh_prefix}vectors", "search": "exact"}
        return Target("async_mongodb_vector", url=mongodb_url, options=options)
