"""The conformance suite on a Weaviate server, with either client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from praison_persist_testkit import KnowledgeConformance, Target
from praison_persist_weaviate import WeaviateKnowledgeStore


@pytest.fixture
def emptied(weaviate_url: str, fresh_prefix: str) -> Iterator[str]:
    """A prefix whose collections are deleted after the test: Weaviate keeps all of them open."""
    yield fresh_prefix
    with WeaviateKnowledgeStore(weaviate_url, collection_prefix=fresh_prefix) as store:
        for name in store.list_collections():
            store.delete_collection(name)


class TestWeaviate(KnowledgeConformance):
    @pytest.fixture
    def target(self, weaviate_url: str, emptied: str) -> Target:
        return Target("weaviate", url=weaviate_url, options={"collection_prefix": emptied})


class TestAsyncWeaviate(KnowledgeConformance):
    @pytest.fixture
    def target(self, weaviate_url: str, emptied: str) -> Target:
        return Target("async_weaviate", url=weaviate_url, options={"collection_prefix": emptied})
