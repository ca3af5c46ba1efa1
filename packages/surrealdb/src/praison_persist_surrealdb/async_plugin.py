"""The asynchronous store's entry point, apart from `plugin` so that the blocking one loads no asyncio."""

from praison_persist import store_factory

from .async_store import AsyncSurrealDBConversationStore

__all__ = ["async_surrealdb"]

async_surrealdb = store_factory(AsyncSurrealDBConversationStore)
