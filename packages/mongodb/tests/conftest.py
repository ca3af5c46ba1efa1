"""What all tests of this package share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from engines.mongodb import MongoDB
from pymongo import common


@pytest.fixture(scope="session", autouse=True)
def short_pauses() -> Iterator[None]:
    """PyMongo's threads look every half second whether they shall end, and each test of a suite waits for that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common, "MIN_HEARTBEAT_INTERVAL", 0.05)
        yield


@pytest.fixture
def make_mongodb() -> Iterator[Callable[..., MongoDB]]:
    """Start a stand-in of the test's own, with its options."""
    made: list[MongoDB] = []

    def make(*options: str) -> MongoDB:
        made.append(MongoDB(own=True, standin=options))
        made[-1].start()
        return made[-1]

    yield make
    for engine in made:
        engine.stop()
