"""The asynchronous store's entry point, apart from `plugin` so that the blocking one loads no asyncio."""

from praison_persist import store_factory

from .async_state_store import AsyncMongoDBStateStore

__all__ = ["async_mongodb"]

async_mongodb = store_factory(AsyncMongoDBStateStore)
