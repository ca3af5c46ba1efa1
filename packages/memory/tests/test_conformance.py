"""The three contracts on the memory backend."""

from __future__ import annotations

from pathlib import Path

import pytest

from praison_persist_testkit import ConversationConformance, KnowledgeConformance, StateConformance, Target


class TestMemoryConversations(ConversationConformance):
    @pytest.fixture
    def target(self) -> Target:
        return Target("memory", shared=False, processes=False)


class TestMemoryKnowledge(KnowledgeConformance):
    @pytest.fixture
    def target(self) -> Target:
        return Target("memory", shared=False, processes=False)


class TestMemoryState(StateConformance):
    @pytest.fixture
    def target(self) -> Target:
        return Target("memory", shared=False, processes=False)


class TestMemoryStateInAFile(StateConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target("memory", options={"path": str(tmp_path / "state.json")}, processes=False)
