"""The base of asynchronous vector backends: `praison_persist.vectorsteps` run on the caller's event loop.

A backend implements the hooks of `VectorSteps`, as coroutines or as generators that a blocking twin shares. Clients
that belong to a loop are its own concern (`praison_persist.perloop`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from .health import StoreHealth
from .knowledge import AsyncKnowledgeStore, CollectionInfo, KnowledgeDocument, SearchMode
from .steps import afinish
from .vectorsteps import VectorSteps, already_exists, collection_not_found

__all__ = ["AsyncVectorStoreBase", "already_exists", "collection_not_found"]


class AsyncVectorStoreBase(VectorSteps, AsyncKnowledgeStore):
    """An `AsyncKnowledgeStore` over hooks."""

    async def setup(self) -> None:
        await afinish(self._setup_steps())

    async def create_collection(
        self,
        name: str,
        dimension: int,
        distance: str = "cosine",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        await afinish(self._create_collection_steps(name, dimension, distance, metadata))

    async def delete_collection(self, name: str) -> bool:
        return await afinish(self._delete_collection_steps(name))

    async def collection_exists(self, name: str) -> bool:
        return await afinish(self._collection_exists_steps(name))

    async def list_collections(self) -> list[str]:
        return await afinish(self._list_collections_steps())

    async def describe_collection(self, name: str) -> CollectionInfo:
        return await afinish(self._describe_collection_steps(name))

    async def insert(self, collection: str, documents: Sequence[KnowledgeDocument], *, wait: bool = True) -> list[str]:
        return await afinish(self._insert_steps(collection, documents, wait))

    async def upsert(self, collection: str, documents: Sequence[KnowledgeDocument], *, wait: bool = True) -> list[str]:
        return await afinish(self._upsert_steps(collection, documents, wait))

    async def search(
        self,
        collection: str,
        query_embedding: Sequence[float] | None,
        limit: int = 5,
        filters: Mapping[str, Any] | None = None,
        score_threshold: float | None = None,
        *,
        text: str | None = None,
        mode: SearchMode = "vector",
    ) -> list[KnowledgeDocument]:
        return await afinish(
            self._search_steps(collection, query_embedding, limit, filters, score_threshold, text, mode)
        )

    async def get(self, collection: str, ids: Sequence[str]) -> list[KnowledgeDocument]:
        return await afinish(self._get_steps(collection, ids))

    async def delete(
        self,
        collection: str,
        ids: Sequence[str] | None = None,
        filters: Mapping[str, Any] | None = None,
        *,
        all: bool = False,  # noqa: A002
    ) -> int:
        return await afinish(self._delete_steps(collection, ids, filters, all))

    async def count(self, collection: str, filters: Mapping[str, Any] | None = None) -> int:
        return await afinish(self._count_steps(collection, filters))

    async def iter_documents(
        self, collection: str, filters: Mapping[str, Any] | None = None, *, batch_size: int = 256
    ) -> AsyncIterator[KnowledgeDocument]:
        info, condition = await afinish(self._begin_pages(collection, filters, batch_size))
        after: Any = None
        while True:
            page, after = await afinish(self._next_page(info, condition, batch_size, after))
            for document in page:
                yield document
            if after is None:
                return

    async def health(self) -> StoreHealth:
        return await afinish(self._health_steps())

    async def close(self) -> None:
        await asyncio.shield(afinish(self._close_steps()))
