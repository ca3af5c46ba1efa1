"""The conformance suite over HTTP, blocking and asynchronous.

Against a real server where PRAISON_PERSIST_TEST_CLICKHOUSE_URL names one, else against the stand-in.
"""

from __future__ import annotations

import pytest

from praison_persist_testkit import KnowledgeConformance, Target


class TestClickHouseHTTP(KnowledgeConformance):
    watchdog_seconds = 300  # some thousand statements, each a request

    @pytest.fixture
    def target(self, clickhouse_url: str, fresh_prefix: str) -> Target:
        return Target("clickhouse", url=clickhouse_url, options={"table_prefix": fresh_prefix})


class TestAsyncClickHouse(KnowledgeConformance):
    watchdog_seconds = 300  # some thousand statements, each a request

    @pytest.fixture
    def target(self, clickhouse_url: str, fresh_prefix: str) -> Target:
        return Target("async_clickhouse", url=clickhouse_url, options={"table_prefix": fresh_prefix})
