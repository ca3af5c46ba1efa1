"""The conformance suite on a real Cassandra."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from praison_persist_cassandra import CassandraKnowledgeStore
from praison_persist_testkit import KnowledgeConformance, Target


class TestCassandra(KnowledgeConformance):
    watchdog_seconds = 180.0

    @pytest.fixture
    def target(self, cassandra_url: str, fresh_prefix: str) -> Iterator[Target]:
        options = {"collection_prefix": fresh_prefix, "timeout": 60.0, "connect_timeout": 30.0}
        yield Target("cassandra", url=cassandra_url, options=options)
        with CassandraKnowledgeStore(cassandra_url, **options) as store:  # thousands of tables slow a node down
            for name in store.list_collections():
                store.delete_collection(name)
