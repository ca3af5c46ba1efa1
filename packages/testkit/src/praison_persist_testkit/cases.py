"""The suites as the ``run`` command collects them: one class per kind, the target from the command line.

Not for import by test files.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .conversation import ConversationConformance
from .knowledge import KnowledgeConformance
from .place import Place
from .state import StateConformance
from .target import Target

__all__ = ["PLACE", "TestConversation", "TestKnowledge", "TestState"]

PLACE = pytest.StashKey[Place]()


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """The place that the command names, emptied after each test."""
    place = request.config.stash[PLACE]
    yield place.target
    place.clear()


class TestConversation(ConversationConformance):
    """``--kind conversation``."""

    target = target


class TestKnowledge(KnowledgeConformance):
    """``--kind knowledge``."""

    target = target


class TestState(StateConformance):
    """``--kind state``."""

    target = target
