"""The asynchronous knowledge store's entry point; the blocking one loads no asyncio."""

from praison_persist import store_factory

from .knowledge.async_store import AsyncUpstashVectorKnowledgeStore

__all__ = ["async_upstash_vector"]

async_upstash_vector = store_factory(AsyncUpstashVectorKnowledgeStore)
