"""Any knowledge store as a vector store of LlamaIndex: its signatures, blocking and asynchronous.

What they do is in `steps`; this module only chooses the side. Nothing is opened before the first call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryResult,
)

from praison_persist.aio import async_view
from praison_persist.errors import ConfigurationError, UnsupportedError
from praison_persist.keywords import named
from praison_persist.knowledge import AsyncKnowledgeStore, KnowledgeStore
from praison_persist.scores import Distance, validate_distance
from praison_persist.steps import afinish, finish
from praison_persist.validation import check_identifier

from .arguments import asked
from .steps import Collection

__all__ = ["KnowledgeVectorStore", "as_llamaindex"]


def as_llamaindex(
    store: KnowledgeStore | AsyncKnowledgeStore,
    collection: str,
    *,
    async_store: AsyncKnowledgeStore | None = None,
    create: Distance | None = None,
) -> KnowledgeVectorStore:
    """A collection of a knowledge store as a vector store of LlamaIndex.

    Args:
        store: any knowledge store; an asynchronous one serves the asynchronous methods only. It stays the caller's to
            close.
        collection: its name; it must exist when it is used.
        async_store: the twin of a blocking store on the same data, for the asynchronous methods; without it they run
            the blocking store in threads.
        create: the distance of the collection, which the first nodes then create if it does not exist.

    Raises:
        ConfigurationError: not a knowledge store, or two asynchronous stores.
        InvalidInputError: no name of a collection, or no distance.
    """
    return KnowledgeVectorStore(store, collection, async_store=async_store, create=create)


class KnowledgeVectorStore(BasePydanticVectorStore):
    """A vector store of LlamaIndex over one collection. Arguments and errors: `as_llamaindex`.

    Similarities are the scores of `praison_persist.scores`: higher is nearer. Adding nodes replaces those with the same
    ids. Queries take ``score_threshold`` and, in mode ``mmr``, ``mmr_threshold`` and ``mmr_prefetch_factor`` (4) or
    ``mmr_prefetch_k``. Errors are the store's.
    """

    stores_text: bool = True

    _store: KnowledgeStore | AsyncKnowledgeStore = PrivateAttr()
    _here: Collection | None = PrivateAttr()
    _there: Collection = PrivateAttr()

    def __init__(
        self,
        store: KnowledgeStore | AsyncKnowledgeStore,
        collection: str,
        *,
        async_store: AsyncKnowledgeStore | None = None,
        create: Distance | None = None,
    ) -> None:
        if not isinstance(store, (KnowledgeStore, AsyncKnowledgeStore)):
            raise ConfigurationError(f"as_llamaindex takes a knowledge store, not {type(store).__name__}")
        if async_store is not None and not (
            isinstance(store, KnowledgeStore) and isinstance(async_store, AsyncKnowledgeStore)
        ):
            raise ConfigurationError("async_store is the asynchronous twin of a blocking store")
        check_identifier(collection, "collection name")
        create = None if create is None else validate_distance(create)
        super().__init__(stores_text=True)
        self._store = store
        if isinstance(store, AsyncKnowledgeStore):
            self._here, later = None, store
        else:
            self._here, later = Collection(collection, store, create), async_store or async_view(store)
        self._there = Collection(collection, later, create)

    def __repr__(self) -> str:
        return f"as_llamaindex({self._store!r}, {self._there.name!r})"

    __str__ = __repr__

    @classmethod
    def class_name(cls) -> str:
        return "KnowledgeVectorStore"

    @property
    def client(self) -> KnowledgeStore | AsyncKnowledgeStore:
        """The knowledge store."""
        return self._store

    @property
    def _blocking(self) -> Collection:
        if self._here is None:
            raise UnsupportedError(
                "this vector store was made of an asynchronous store",
                hint="use the asynchronous methods, or as_llamaindex(sync_view(store), ...)",
            )
        return self._here

    def add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """Store embedded nodes; their ids. Keyword: ``batch_size`` to store so many at a time."""
        return finish(self._blocking.add(nodes, **named(kwargs, batch_size=None)))

    async def async_add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        return await afinish(self._there.add(nodes, **named(kwargs, batch_size=None)))

    def get_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None) -> list[BaseNode]:
        """The nodes, with embeddings: of these ids, that match, or all."""
        return finish(self._blocking.get(node_ids, filters))

    async def aget_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        return await afinish(self._there.get(node_ids, filters))

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Delete the nodes that are from this document."""
        named(delete_kwargs)
        finish(self._blocking.delete_source(ref_doc_id))

    async def adelete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        named(delete_kwargs)
        await afinish(self._there.delete_source(ref_doc_id))

    def delete_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **delete_kwargs: Any
    ) -> None:
        """Delete nodes by ids, by filters, or by both.

        Raises:
            InvalidInputError: nothing was named; `clear` deletes all.
        """
        named(delete_kwargs)
        finish(self._blocking.delete(node_ids, filters))

    async def adelete_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **delete_kwargs: Any
    ) -> None:
        named(delete_kwargs)
        await afinish(self._there.delete(node_ids, filters))

    def clear(self) -> None:
        finish(self._blocking.clear())

    async def aclear(self) -> None:
        await afinish(self._there.clear())

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        return finish(self._blocking.query(asked(query, kwargs)))

    async def aquery(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        return await afinish(self._there.query(asked(query, kwargs)))
