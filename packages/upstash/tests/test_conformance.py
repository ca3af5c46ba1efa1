"""The state contract through Upstash's own clients, blocking and asynchronous, and a stand-in for its service."""

from __future__ import annotations

from typing import Any

import pytest

from praison_persist_testkit import StateConformance, Target


class TestUpstash(StateConformance):
    watchdog_seconds = 400  # every call is an HTTP request, and the random calls are some thousands

    @pytest.fixture
    def target(self, upstash: Any, fresh_prefix: str) -> Target:
        options = {"prefix": fresh_prefix, "token": upstash.token}
        return Target("upstash", url=upstash.url, options=options, secret=upstash.token)


class TestAsyncUpstash(StateConformance):
    watchdog_seconds = 400  # every call is an HTTP request, and the random calls are some thousands

    @pytest.fixture
    def target(self, upstash: Any, fresh_prefix: str) -> Target:
        options = {"prefix": fresh_prefix, "token": upstash.token}
        return Target("async_upstash", url=upstash.url, options=options, secret=upstash.token)
