"""What the entry point of this distribution names; imported only when such a store is created."""

from praison_persist import store_factory

from .store import SingleStoreConversationStore

__all__ = ["singlestore"]

singlestore = store_factory(SingleStoreConversationStore)
