"""The contracts through core's views: async over threads, and sync over the background loop on top of that."""

from __future__ import annotations

import pytest

from praison_persist.aio import async_view, sync_view
from praison_persist_memory import MemoryConversationStore, MemoryKnowledgeStore, MemoryStateStore
from praison_persist_testkit import ConversationConformance, KnowledgeConformance, StateConformance, Target


class TestConversationsAsync(ConversationConformance):
    @pytest.fixture
    def target(self) -> Target:
        return Target("memory", factory=lambda: async_view(MemoryConversationStore()), shared=False)


class TestKnowledgeAsync(KnowledgeConformance):
    @pytest.fixture
    def target(self) -> Target:
        return Target("memory", factory=lambda: async_view(MemoryKnowledgeStore()), shared=False)


class TestStateAsync(StateConformance):
    @pytest.fixture
    def target(self) -> Target:
        return Target("memory", factory=lambda: async_view(MemoryStateStore()), shared=False)


class TestConversationsSync(ConversationConformance):
    @pytest.fixture
    def target(self) -> Target:
        return Target("memory", factory=lambda: sync_view(async_view(MemoryConversationStore())), shared=False)


class TestStateSync(StateConformance):
    @pytest.fixture
    def target(self) -> Target:
        return Target("memory", factory=lambda: sync_view(async_view(MemoryStateStore())), shared=False)
