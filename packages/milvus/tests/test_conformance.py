"""The conformance suite on Milvus's embedded core, and on its server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from praison_persist_milvus import MilvusKnowledgeStore
from praison_persist_testkit import KnowledgeConformance, Target


class TestMilvus(KnowledgeConformance):
    @pytest.fixture
    def target(self, milvus_place: str, emptied: str) -> Target:
        # A file is for one process at a time: its lock refuses another.
        return Target("milvus", url=milvus_place, options={"collection_prefix": emptied}, processes=False)


class TestServer(KnowledgeConformance):
    watchdog_seconds = 400  # a consistent read waits for the next tick, and the random calls are some thousands

    @pytest.fixture
    def target(self, milvus_url: str, fresh_prefix: str) -> Iterator[Target]:
        yield Target("milvus", url=milvus_url, options={"collection_prefix": fresh_prefix})
        with MilvusKnowledgeStore(milvus_url, collection_prefix=fresh_prefix) as store:
            for name in store.list_collections():
                store.delete_collection(name)
