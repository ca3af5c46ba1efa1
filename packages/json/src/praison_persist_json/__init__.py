"""Conversations in JSON files, safe between processes."""

from .__about__ import __version__
from .store import JSONConversationStore

__all__ = ["JSONConversationStore", "__version__"]
