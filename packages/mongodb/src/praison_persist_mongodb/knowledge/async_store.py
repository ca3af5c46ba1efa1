"""The asynchronous knowledge store: which client the hooks use."""

from __future__ import annotations

import asyncio
from typing import Any

from praison_persist.async_vectorstore import AsyncVectorStoreBase

from ..settings import Settings
from .hooks import MongoDBVectors

__all__ = ["AsyncMongoDBVectorKnowledgeStore"]


class AsyncMongoDBVectorKnowledgeStore(MongoDBVectors, AsyncVectorStoreBase):
    """`MongoDBVectorKnowledgeStore` on PyMongo's asyncio client, for one event loop after another."""

    backend = "async_mongodb_vector"

    def _open(self, settings: Settings) -> Any:
        from ..async_connecting import AsyncDatabases  # a wrong option needs no client

        return AsyncDatabases(settings)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
