"""The state contract on MongoDB, blocking and asynchronous; over a stand-in where no mongod is at hand."""

from __future__ import annotations

import pytest

from praison_persist_testkit import StateConformance, Target


class TestMongoDB(StateConformance):
    watchdog_seconds = 400  # the random calls are some thousands

    @pytest.fixture
    def target(self, mongodb_url: str, fresh_prefix: str) -> Target:
        return Target("mongodb", url=mongodb_url, options={"collection": f"{fresh_prefix}state"})


class TestAsyncMongoDB(StateConformance):
    watchdog_seconds = 400  # the random calls are some thousands

    @pytest.fixture
    def target(self, mongodb_url: str, fresh_prefix: str) -> Target:
        return Target("async_mongodb", url=mongodb_url, options={"prefix": fresh_prefix})
