"""The asynchronous store's entry point, apart from `plugin` so that the blocking one loads no asyncio."""

from praison_persist import store_factory

from .async_store import AsyncCouchbaseKnowledgeStore

__all__ = ["async_couchbase"]

async_couchbase = store_factory(AsyncCouchbaseKnowledgeStore)
