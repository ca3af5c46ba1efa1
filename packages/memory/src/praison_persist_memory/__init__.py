"""Stores that live in this process; the state store can keep a file."""

from .__about__ import __version__
from .conversation import MemoryConversationStore
from .knowledge import MemoryKnowledgeStore
from .state import MemoryStateStore

__all__ = ["MemoryConversationStore", "MemoryKnowledgeStore", "MemoryStateStore", "__version__"]
