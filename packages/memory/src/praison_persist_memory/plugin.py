"""Entry points of this package; imported only when a store of it is asked for."""

from __future__ import annotations

from praison_persist import store_factory

from .conversation import MemoryConversationStore
from .knowledge import MemoryKnowledgeStore
from .state import MemoryStateStore

conversation = store_factory(MemoryConversationStore)
knowledge = store_factory(MemoryKnowledgeStore)
state = store_factory(MemoryStateStore)
