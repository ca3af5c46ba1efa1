"""The state contract on a Valkey server and on a cluster, called directly and awaited through core's threads."""

from __future__ import annotations

import pytest

from praison_persist.aio import async_view
from praison_persist_testkit import StateConformance, Target
from praison_persist_valkey import ValkeyStateStore


class TestValkey(StateConformance):
    process_descriptors = 2  # GLIDE's runtime keeps a pair of sockets to wake its threads by

    @pytest.fixture
    def target(self, valkey_url: str, fresh_prefix: str) -> Target:
        return Target("valkey", url=valkey_url, options={"prefix": fresh_prefix})


class TestAwaitedValkey(StateConformance):
    process_descriptors = 2

    @pytest.fixture
    def target(self, valkey_url: str, fresh_prefix: str) -> Target:
        return Target("valkey", factory=lambda: async_view(ValkeyStateStore(valkey_url, prefix=fresh_prefix)))


class TestCluster(StateConformance):
    process_descriptors = 2

    @pytest.fixture
    def target(self, redis_cluster_url: str, fresh_prefix: str) -> Target:
        return Target("valkey", url=redis_cluster_url, options={"prefix": fresh_prefix})
