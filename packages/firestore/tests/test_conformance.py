"""The state contract through Google's own clients, blocking and asynchronous, on its emulator or on the stand-in."""

from __future__ import annotations

from typing import ClassVar

import pytest

from praison_persist_testkit import StateConformance, Target, never

TOO_LARGE = never("a document of Firestore has at most 1 MiB; more is an InvalidInputError before it is sent")


class TestFirestore(StateConformance):
    watchdog_seconds = 400  # the random calls are some thousands, and the emulator warms up slowly
    deviations: ClassVar = {"test_a_megabyte_comes_back": TOO_LARGE}

    @pytest.fixture
    def target(self, firestore: str, fresh_prefix: str) -> Target:
        return Target("firestore", options={"collection": fresh_prefix})


class TestAsyncFirestore(StateConformance):
    watchdog_seconds = 400  # the random calls are some thousands, and the emulator warms up slowly
    deviations: ClassVar = {"test_a_megabyte_comes_back": TOO_LARGE}

    @pytest.fixture
    def target(self, firestore: str, fresh_prefix: str) -> Target:
        return Target("async_firestore", options={"collection": fresh_prefix})
