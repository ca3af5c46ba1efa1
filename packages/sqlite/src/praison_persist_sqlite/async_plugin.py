"""The asynchronous store's entry point, apart from `plugin` so that the blocking ones load no asyncio."""

from praison_persist import store_factory

from .async_store import AsyncSQLiteConversationStore

__all__ = ["async_sqlite"]

async_sqlite = store_factory(AsyncSQLiteConversationStore)
