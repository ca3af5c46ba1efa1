"""The asynchronous store's entry point, apart from `plugin` so that the blocking ones load no asyncio."""

from praison_persist import store_factory

from .async_store import AsyncTursoConversationStore

__all__ = ["async_turso"]

async_turso = store_factory(AsyncTursoConversationStore)
