"""What the blocking store's entry point names; imported only when such a store is created."""

from praison_persist import store_factory

from .store import MySQLConversationStore

__all__ = ["mysql"]

mysql = store_factory(MySQLConversationStore)
