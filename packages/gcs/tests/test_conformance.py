"""The state contract through Google's own client and a stand-in, called directly and awaited through core's threads."""

from __future__ import annotations

import pytest

from praison_persist.aio import async_view
from praison_persist_gcs import GCSStateStore
from praison_persist_testkit import StateConformance, Target


class TestGCS(StateConformance):
    watchdog_seconds = 400  # every call is an HTTP request, and the random calls are some thousands

    @pytest.fixture
    def target(self, bucket: str, fresh_prefix: str) -> Target:
        return Target("gcs", options={"bucket_name": bucket, "prefix": fresh_prefix})


class TestAwaitedGCS(StateConformance):
    watchdog_seconds = 400  # every call is an HTTP request, and the random calls are some thousands

    @pytest.fixture
    def target(self, bucket: str, fresh_prefix: str) -> Target:
        return Target("gcs", factory=lambda: async_view(GCSStateStore(bucket, fresh_prefix)))
