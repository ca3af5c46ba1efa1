"""The asynchronous store's entry point, apart from `plugin` so that the blocking one loads no asyncio."""

from praison_persist import store_factory

from .async_store import AsyncPineconeKnowledgeStore

__all__ = ["async_pinecone"]

async_pinecone = store_factory(AsyncPineconeKnowledgeStore)
