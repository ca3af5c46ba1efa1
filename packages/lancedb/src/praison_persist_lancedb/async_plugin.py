"""The asynchronous store's entry point, apart from `plugin` so that the blocking one loads no asyncio."""

from praison_persist import store_factory

from .async_store import AsyncLanceDBKnowledgeStore

__all__ = ["async_lancedb"]

async_lancedb = store_factory(AsyncLanceDBKnowledgeStore)
