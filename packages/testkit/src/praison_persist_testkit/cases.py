"""The suites as the ``run`` command collects them: one class per kind, the target from the command line.

Not for import by test files.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .conversation import ConversationConformance
from .knowledge import KnowledgeConformance
from .place import PLACE
from .state import StateConformance
from .target import Target

__all__ = ["TestConversation", "TestKnowledge", "TestState"]


class _Commanded:
    @pytest.fixture
    def target(self, request: pytest.FixtureRequest) -> Iterator[Target]:
        """The place that the command names, emptied after each test."""
        place = request.config.stash[PLACE]
        yield place.target
        place.clear()


class TestConversation(_Commanded, ConversationConformance):
    """``--kind conversation``."""


class TestKnowledge(_Commanded, KnowledgeConformance):
    """``--kind knowledge``."""


class TestState(_Commanded, StateConformance):
    """``--kind state``."""
