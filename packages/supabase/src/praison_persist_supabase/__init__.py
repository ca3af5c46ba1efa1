"""Conversations in a Supabase project for praison-persist, over its Data API."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .store import SupabaseConversationStore as SupabaseConversationStore

__all__ = ["SupabaseConversationStore"]

# The store needs an HTTP client.
__getattr__ = lazy_exports(__name__, {"SupabaseConversationStore": "store"})
