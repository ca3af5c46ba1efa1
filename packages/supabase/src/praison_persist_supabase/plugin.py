"""What the entry point of this distribution names; imported only when the store is created."""

from praison_persist import store_factory

from .store import SupabaseConversationStore

__all__ = ["supabase"]

supabase = store_factory(SupabaseConversationStore)
