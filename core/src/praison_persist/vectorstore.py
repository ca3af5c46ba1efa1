"""The base of blocking vector backends: `praison_persist.vectorsteps` run on the caller's thread.

A backend implements the hooks of `VectorSteps`, as plain code or as generators that an asynchronous twin shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .filters import Filter
from .health import StoreHealth
from .knowledge import CollectionInfo, KnowledgeDocument, KnowledgeStore, SearchMode
from .steps import finish
from .vectorsteps import VectorSteps, already_exists, collection_not_found

__all__ = ["VectorStoreBase", "already_exists", "collection_not_found"]


class VectorStoreBase(VectorSteps, KnowledgeStore):
    """A `KnowledgeStore` over hooks."""

    def setup(self) -> None:
        finish(self._setup_steps())

    def create_collection(
        self,
        name: str,
        dimension: int,
        distance: str = "cosine",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        finish(self._create_collection_steps(name, dimension, distance, metadata))

    def delete_collection(self, name: str) -> bool:
        return finish(self._delete_collection_steps(name))

    def collection_exists(self, name: str) -> bool:
        return finish(self._collection_exists_steps(name))

    def list_collections(self) -> list[str]:
        return finish(self._list_collections_steps())

    def describe_collection(self, name: str) -> CollectionInfo:
        return finish(self._describe_collection_steps(name))

    def insert(self, collection: str, documents: Sequence[KnowledgeDocument], *, wait: bool = True) -> list[str]:
        return finish(self._insert_steps(collection, documents, wait))

    def upsert(self, collection: str, documents: Sequence[KnowledgeDocument], *, wait: bool = True) -> list[str]:
        return finish(self._upsert_steps(collection, documents, wait))

    def search(
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
        return finish(self._search_steps(collection, query_embedding, limit, filters, score_threshold, text, mode))

    def get(self, collection: str, ids: Sequence[str]) -> list[KnowledgeDocument]:
        return finish(self._get_steps(collection, ids))

    def delete(
        self,
        collection: str,
        ids: Sequence[str] | None = None,
        filters: Mapping[str, Any] | None = None,
        *,
        all: bool = False,  # noqa: A002
    ) -> int:
        return finish(self._delete_steps(collection, ids, filters, all))

    def count(self, collection: str, filters: Mapping[str, Any] | None = None) -> int:
        return finish(self._count_steps(collection, filters))

    def iter_documents(
        self, collection: str, filters: Mapping[str, Any] | None = None, *, batch_size: int = 256
    ) -> Iterator[KnowledgeDocument]:
        info, condition = finish(self._begin_pages(collection, filters, batch_size))
        return self._iterate(info, condition, batch_size)

    def _iterate(self, info: CollectionInfo, condition: Filter | None, size: int) -> Iterator[KnowledgeDocument]:
        after: Any = None
        while True:
            page, after = finish(self._next_page(info, condition, size, after))
            yield from page
            if after is None:
                return

    def health(self) -> StoreHealth:
        return finish(self._health_steps())

    def close(self) -> None:
        finish(self._close_steps())
