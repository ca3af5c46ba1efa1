"""Which API of Cosmos DB the registry's names lead to, with which options."""

from __future__ import annotations

from typing import Any

import pytest

from praison_persist import KNOWLEDGE_STORES, ConfigurationError
from praison_persist_cosmosdb import CosmosDBKnowledgeStore

KEY = "czNj+mV0/w=="
NOSQL = f"AccountEndpoint=https://name.documents.azure.com:443/;AccountKey={KEY};"
MONGODB = "mongodb+srv://ada:s3cret@name.mongocluster.cosmos.azure.com/app"
NAMES = ("cosmosdb", "cosmos", "azure_cosmos", "cosmosdb_vector", "async_cosmosdb")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COSMOS_CONNECTION_STRING", raising=False)


@pytest.mark.parametrize("name", NAMES)
def test_the_api_is_that_of_the_connection_string(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start = "Async" if name.startswith("async") else ""
    ours = KNOWLEDGE_STORES.create(name, url=NOSQL, collection="c")
    theirs = KNOWLEDGE_STORES.create(name, connection_string=MONGODB, collection="c", vector_index="diskann")
    assert (
        repr(ours) == f"{start}CosmosDBKnowledgeStore('https://name.documents.azure.com:443/praisonai', collection='c')"
    )
    place = "mongodb+srv://name.mongocluster.cosmos.azure.com/app"
    assert repr(theirs) == f"{start}MongoDBVectorKnowledgeStore('{place}', collection='c')"
    monkeypatch.setenv("COSMOS_CONNECTION_STRING", MONGODB)
    assert repr(KNOWLEDGE_STORES.create(name, api_mode="mongodb", collection="c")) == repr(theirs)
    assert type(KNOWLEDGE_STORES.create(name)) is type(theirs)
    assert type(KNOWLEDGE_STORES.create(name, url=NOSQL, api_mode="nosql")) is type(ours)


def test_searches_use_the_index_unless_told_otherwise() -> None:
    assert KNOWLEDGE_STORES.create("cosmosdb", url=MONGODB).distances == ("cosine", "euclidean", "dot")
    assert "manhattan" in KNOWLEDGE_STORES.create("cosmosdb", url=MONGODB, search="exact").distances


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"api_mode": "mongodb"}, "one account is needed"),
        ({"api_mode": "mongodb", "url": MONGODB, "connection_string": MONGODB}, "one account is needed"),
        ({"api_mode": "mongodb", "url": "https://name.documents.azure.com"}, "no URL of MongoDB"),
        ({"api_mode": "nosql", "url": MONGODB}, "API for MongoDB"),
        ({"api_mode": "table", "url": NOSQL}, "not of this store"),
        ({"url": MONGODB, "throughput": 400}, "no option 'throughput'"),
        ({"url": NOSQL, "search": "exact"}, "no option 'search'"),
    ],
)
def test_what_does_not_go_together_is_told(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as caught:
        KNOWLEDGE_STORES.create("cosmosdb", **options)
    assert KEY not in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_the_class_itself_speaks_one_api() -> None:
    with pytest.raises(ConfigurationError, match="api_mode 'mongodb' is not of this store"):
        CosmosDBKnowledgeStore(NOSQL, api_mode="mongodb")
