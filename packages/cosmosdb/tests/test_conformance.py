"""The conformance suite with either client, on the stand-in; on Cosmos DB itself where its URL is given.

PRAISON_PERSIST_TEST_COSMOSDB_URL=https://:KEY@NAME.documents.azure.com/DATABASE, with the key's / + = percent-encoded,
names an account whose database tests may fill with containers; http://:KEY@localhost:8081 Microsoft's emulator.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest

from praison_persist_cosmosdb import CosmosDBKnowledgeStore
from praison_persist_testkit import KnowledgeConformance, Target


@pytest.fixture
def emptied(cosmosdb_url: str, fresh_prefix: str) -> Iterator[str]:
    """A prefix whose containers are deleted after the test: an account may have few."""
    yield f"{fresh_prefix}vectors"
    with CosmosDBKnowledgeStore(cosmosdb_url, collection=f"{fresh_prefix}vectors") as store:
        for name in store.list_collections():
            store.delete_collection(name)


class TestCosmosDB(KnowledgeConformance):
    watchdog_seconds = 400  # every call is some HTTP requests, and the random calls are some thousands

    @pytest.fixture
    def target(self, cosmosdb_url: str, emptied: str) -> Target:
        secret = unquote(urlsplit(cosmosdb_url).password or "")
        return Target("cosmosdb", url=cosmosdb_url, options={"collection": emptied}, secret=secret)


class TestAsyncCosmosDB(KnowledgeConformance):
    watchdog_seconds = 400  # every call is some HTTP requests, and the random calls are some thousands

    @pytest.fixture
    def target(self, cosmosdb_url: str, emptied: str) -> Target:
        secret = unquote(urlsplit(cosmosdb_url).password or "")
        return Target("async_cosmosdb", url=cosmosdb_url, options={"collection": emptied}, secret=secret)
