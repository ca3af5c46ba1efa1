"""Any knowledge store as a vector store of LangChain: its signatures, blocking and asynchronous.

What they do is in `steps`; this module only chooses the side. Nothing is opened before the first call.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from praison_persist.aio import async_view
from praison_persist.errors import ConfigurationError, UnsupportedError
from praison_persist.keywords import named
from praison_persist.knowledge import AsyncKnowledgeStore, KnowledgeStore
from praison_persist.scores import Distance
from praison_persist.steps import afinish, finish
from praison_persist.validation import check_identifier

from . import convert
from .arguments import asked
from .steps import Collection

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["KnowledgeVectorStore", "as_langchain"]


def as_langchain(
    store: KnowledgeStore | AsyncKnowledgeStore,
    collection: str,
    embedding: Embeddings,
    *,
    async_store: AsyncKnowledgeStore | None = None,
) -> KnowledgeVectorStore:
    """A collection of a knowledge store as a vector store of LangChain.

    Args:
        store: any knowledge store; an asynchronous one serves the asynchronous methods only. It stays the caller's to
            close.
        collection: its name; it must exist when it is used, except by `KnowledgeVectorStore.from_texts`.
        embedding: what makes vectors of texts, of the collection's dimension.
        async_store: the twin of a blocking store on the same data, for the asynchronous methods; without it they run
            the blocking store in threads.

    Raises:
        ConfigurationError: not a knowledge store, not embeddings, or two asynchronous stores.
        InvalidInputError: no name of a collection.
    """
    return KnowledgeVectorStore(store, collection, embedding, async_store=async_store)


class KnowledgeVectorStore(VectorStore):
    """A vector store of LangChain over one collection. Arguments and errors: `as_langchain`.

    Searches take ``k`` and the keywords ``filter`` (see `praison_persist.filters`), ``score_threshold`` (on the score)
    and ``mode`` (see `KnowledgeStore.search`). Scores are those of `praison_persist.scores`: higher is nearer.
    Adding documents replaces those with the same ids. Errors are the store's.
    """

    def __init__(
        self,
        store: KnowledgeStore | AsyncKnowledgeStore,
        collection: str,
        embedding: Embeddings,
        *,
        async_store: AsyncKnowledgeStore | None = None,
    ) -> None:
        if not isinstance(store, (KnowledgeStore, AsyncKnowledgeStore)):
            raise ConfigurationError(f"as_langchain takes a knowledge store, not {type(store).__name__}")
        if not isinstance(embedding, Embeddings):
            raise ConfigurationError(
                f"as_langchain takes LangChain's Embeddings, not {type(embedding).__name__}",
                hint="an object of a class that inherits langchain_core.embeddings.Embeddings",
            )
        if async_store is not None and not (
            isinstance(store, KnowledgeStore) and isinstance(async_store, AsyncKnowledgeStore)
        ):
            raise ConfigurationError("async_store is the asynchronous twin of a blocking store")
        self._store = store
        self._collection = check_identifier(collection, "collection name")
        self._embedding = embedding
        self._async_store = async_store

    def __repr__(self) -> str:
        return f"as_langchain({self._store!r}, {self._collection!r})"

    @property
    def embeddings(self) -> Embeddings:
        return self._embedding

    @cached_property
    def _here(self) -> Collection:
        if isinstance(self._store, AsyncKnowledgeStore):
            raise UnsupportedError(
                "this vector store was made of an asynchronous store",
                hint="use the asynchronous methods, or as_langchain(sync_view(store), ...)",
            )
        return Collection.of(self._collection, self._store, self._embedding)

    @cached_property
    def _there(self) -> Collection:
        store = self._async_store or self._store
        if not isinstance(store, AsyncKnowledgeStore):
            store = async_view(store)
        return Collection.of(self._collection, store, self._embedding)

    # -- writing -------------------------------------------------------------------------------------------------

    def add_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        """Embed and store; the ids. Keywords: ``ids``, and ``batch_size`` to store so many at a time."""
        return finish(self._here.add(documents, **named(kwargs, ids=None, batch_size=None)))

    async def aadd_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        return await afinish(self._there.add(documents, **named(kwargs, ids=None, batch_size=None)))

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        return self.add_documents(convert.from_texts(texts, metadatas), ids=ids, **kwargs)

    async def aadd_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        return await self.aadd_documents(convert.from_texts(texts, metadatas), ids=ids, **kwargs)

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        """Delete by ids, by ``filter``, or all with the word ``all=True``; True, also where nothing was there.

        Raises:
            InvalidInputError: nothing was named.
        """
        return finish(self._here.delete(ids, **named(kwargs, filter=None, all=False)))

    async def adelete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        return await afinish(self._there.delete(ids, **named(kwargs, filter=None, all=False)))

    # -- reading -------------------------------------------------------------------------------------------------

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        return finish(self._here.get(ids))

    async def aget_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        return await afinish(self._there.get(ids))

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return _documents(self.similarity_search_with_score(query, k, **kwargs))

    async def asimilarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return _documents(await self.asimilarity_search_with_score(query, k, **kwargs))

    def similarity_search_with_score(self, query: str, k: int = 4, **kwargs: Any) -> list[tuple[Document, float]]:
        return finish(self._here.search(query, asked(k, kwargs)))

    async def asimilarity_search_with_score(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        return await afinish(self._there.search(query, asked(k, kwargs)))

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **kwargs: Any) -> list[Document]:
        return _documents(self.similarity_search_with_score_by_vector(embedding, k, **kwargs))

    async def asimilarity_search_by_vector(self, embedding: list[float], k: int = 4, **kwargs: Any) -> list[Document]:
        return _documents(await self.asimilarity_search_with_score_by_vector(embedding, k, **kwargs))

    def similarity_search_with_score_by_vector(
        self, embedding: list[float], k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """As `similarity_search_with_score`, for a vector."""
        return finish(self._here.search_vector(embedding, asked(k, kwargs)))

    async def asimilarity_search_with_score_by_vector(
        self, embedding: list[float], k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """As `asimilarity_search_with_score`, for a vector."""
        return await afinish(self._there.search_vector(embedding, asked(k, kwargs)))

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        return finish(self._here.diverse(query, k, fetch_k, lambda_mult, **named(kwargs, filter=None)))

    async def amax_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        return await afinish(self._there.diverse(query, k, fetch_k, lambda_mult, **named(kwargs, filter=None)))

    def max_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        return finish(self._here.diverse_vector(embedding, k, fetch_k, lambda_mult, **named(kwargs, filter=None)))

    async def amax_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        return await afinish(
            self._there.diverse_vector(embedding, k, fetch_k, lambda_mult, **named(kwargs, filter=None))
        )

    def _similarity_search_with_relevance_scores(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        return finish(self._here.relevance(query, asked(k, kwargs)))

    async def _asimilarity_search_with_relevance_scores(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        return await afinish(self._there.relevance(query, asked(k, kwargs)))

    # -- making --------------------------------------------------------------------------------------------------

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """A vector store with these texts.

        Keywords: ``store``, ``collection`` and ``async_store`` as of `as_langchain`, and ``distance`` (cosine) of the
        collection, which is created if it does not exist.
        """
        new, distance = cls._made(embedding, kwargs)
        finish(new._here.add(convert.from_texts(texts, metadatas), ids, create=distance))
        return new

    @classmethod
    async def afrom_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """As `from_texts`."""
        new, distance = cls._made(embedding, kwargs)
        await afinish(new._there.add(convert.from_texts(texts, metadatas), ids, create=distance))
        return new

    @classmethod
    def _made(cls, embedding: Embeddings, options: dict[str, Any]) -> tuple[Self, Distance]:
        given = named(options, store=None, collection="", async_store=None, distance="cosine")
        distance = given.pop("distance")
        return cls(given.pop("store"), given.pop("collection"), embedding, **given), distance


def _documents(found: list[tuple[Document, float]]) -> list[Document]:
    return [document for document, _ in found]
