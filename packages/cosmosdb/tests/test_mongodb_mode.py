"""The knowledge contract in Cosmos DB's API for MongoDB (vCore), by the store of praison-persist-mongodb.

PRAISON_PERSIST_TEST_COSMOSDB_MONGODB_URL names a cluster whose database tests may fill with collections.
"""

from __future__ import annotations

import pytest

from praison_persist_testkit import KnowledgeConformance, Target


class TestMongoDBMode(KnowledgeConformance):
    watchdog_seconds = 400  # the random calls are some thousands

    @pytest.fixture
    def target(self, cosmosdb_mongodb_url: str, fresh_prefix: str) -> Target:
        options = {"collection": f"{fresh_prefix}vectors", "api_mode": "mongodb"}
        return Target("cosmosdb", url=cosmosdb_mongodb_url, options=options)


class TestAsyncMongoDBMode(KnowledgeConformance):
    watchdog_seconds = 400  # the random calls are some thousands

    @pytest.fixture
    def target(self, cosmosdb_mongodb_url: str, fresh_prefix: str) -> Target:
        return Target("async_cosmosdb", url=cosmosdb_mongodb_url, options={"collection": f"{fresh_prefix}vectors"})
