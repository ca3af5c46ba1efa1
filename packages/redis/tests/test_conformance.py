"""The state contract on a Redis server, blocking and asynchronous, with both protocols, and on a cluster."""

from __future__ import annotations

import pytest

from praison_persist_testkit import StateConformance, Target


class TestRedis(StateConformance):
    @pytest.fixture
    def target(self, redis_url: str, fresh_prefix: str) -> Target:
        return Target("redis", url=redis_url, options={"prefix": fresh_prefix})


class TestRedisOverResp2(StateConformance):
    @pytest.fixture
    def target(self, redis_url: str, fresh_prefix: str) -> Target:
        return Target("redis", url=redis_url, options={"prefix": fresh_prefix, "protocol": 2})


class TestAsyncRedis(StateConformance):
    @pytest.fixture
    def target(self, redis_url: str, fresh_prefix: str) -> Target:
        return Target("async_redis", url=redis_url, options={"prefix": fresh_prefix})


class TestRedisCluster(StateConformance):
    @pytest.fixture
    def target(self, redis_cluster_url: str, fresh_prefix: str) -> Target:
        return Target("redis", url=redis_cluster_url, options={"prefix": fresh_prefix})


class TestAsyncRedisCluster(StateConformance):
    @pytest.fixture
    def target(self, redis_cluster_url: str, fresh_prefix: str) -> Target:
        return Target("async_redis", url=redis_cluster_url, options={"prefix": fresh_prefix})
