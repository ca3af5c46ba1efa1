"""The asynchronous store's entry point, apart from `plugin` so that the blocking one loads no asyncio."""

from praison_persist import store_factory

from .async_store import AsyncFirestoreStateStore

__all__ = ["async_firestore"]

async_firestore = store_factory(AsyncFirestoreStateStore)
