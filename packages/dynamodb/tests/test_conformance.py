"""The state contract on a table, blocking and through core's threads; over a stand-in, no service of AWS."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from praison_persist.aio import async_view
from praison_persist_dynamodb import DynamoDBStateStore
from praison_persist_testkit import StateConformance, Target, never

TOO_LARGE = never("an item of DynamoDB has at most 400 KB; more is an InvalidInputError before it is sent")


class TestDynamoDB(StateConformance):
    deviations: ClassVar = {"test_a_megabyte_comes_back": TOO_LARGE}
    watchdog_seconds = 300  # every call is an HTTP request, and the random calls are some thousands

    @pytest.fixture
    def target(self, dynamodb_url: str, fresh_prefix: str) -> Target:
        options = {"table_name": f"{fresh_prefix}state", "endpoint_url": dynamodb_url}
        return Target("dynamodb", options=options, secret="s3cret-of-nobody")


class TestDynamoDBInThreads(StateConformance):
    deviations: ClassVar = {"test_a_megabyte_comes_back": TOO_LARGE}
    watchdog_seconds = 300

    @pytest.fixture
    def target(self, dynamodb_url: str, fresh_prefix: str) -> Target:
        options: dict[str, Any] = {"endpoint_url": dynamodb_url, "prefix": fresh_prefix}
        return Target("dynamodb", factory=lambda: async_view(DynamoDBStateStore(**options)))
