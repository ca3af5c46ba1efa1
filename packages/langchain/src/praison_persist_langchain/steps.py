"""What LangChain's vector store methods do with a knowledge store, once for blocking and asynchronous callers.

Steps over one collection (see `praison_persist.steps`); LangChain's signatures are in `vectorstore`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from praison_persist.diversity import diverse
from praison_persist.errors import InvalidInputError, UnsupportedError
from praison_persist.knowledge import (
    AsyncKnowledgeStore,
    CollectionInfo,
    KnowledgeDocument,
    KnowledgeStore,
)
from praison_persist.scores import Distance
from praison_persist.steps import Steps
from praison_persist.validation import check_limit

from . import convert
from .arguments import Asked

__all__ = ["Collection"]


@dataclass(frozen=True)
class Collection:
    """One collection of a store, blocking or asynchronous, and the embeddings' methods of the same kind."""

    name: str
    store: KnowledgeStore | AsyncKnowledgeStore
    embed_documents: Callable[[list[str]], Any]
    embed_query: Callable[[str], Any]

    @classmethod
    def of(cls, name: str, store: KnowledgeStore | AsyncKnowledgeStore, embedding: Embeddings) -> Collection:
        """With the embeddings' methods that fit the store."""
        if isinstance(store, AsyncKnowledgeStore):
            return cls(name, store, embedding.aembed_documents, embedding.aembed_query)
        return cls(name, store, embedding.embed_documents, embedding.embed_query)

    def add(
        self,
        documents: Sequence[Document],
        ids: Sequence[str | None] | None,
        batch_size: int | None = None,
        create: Distance | None = None,
    ) -> Steps[list[str]]:
        """Embed and upsert; the ids. ``create`` is the distance of a new collection, where there is none yet."""
        named = convert.with_ids(documents, ids)
        texts = [document.page_content for document in named]
        vectors = (yield self.embed_documents(texts)) if texts else []
        if len(vectors) != len(texts):
            raise InvalidInputError(f"the embeddings gave {len(vectors)} vectors for {len(texts)} texts")
        if create is not None and not (yield self.store.collection_exists(self.name)):
            if not vectors:
                raise InvalidInputError(
                    f"collection {self.name!r} does not exist, and without a text its dimension is not known",
                    hint="create it with create_collection",
                )
            yield self.store.create_collection(self.name, len(vectors[0]), create)
        whole = list(map(convert.to_knowledge, named, vectors))
        if batch_size is None:
            return (yield self.store.upsert(self.name, whole))
        yield self.store.upsert_many(self.name, whole, batch_size=batch_size)
        return [document.id for document in whole]

    def get(self, ids: Sequence[str]) -> Steps[list[Document]]:
        """The documents that exist, in the order of the ids."""
        found: list[KnowledgeDocument] = yield self.store.get(self.name, list(ids))
        return [convert.to_document(document) for document in found]

    def delete(
        self,
        ids: Sequence[str] | None,
        filter: Mapping[str, Any] | None,  # noqa: A002 - LangChain's word
        all: bool,  # noqa: A002 - as of `KnowledgeStore.delete`
    ) -> Steps[bool]:
        """Delete what is named; True."""
        yield self.store.delete(self.name, None if ids is None else list(ids), filter, all=all)
        return True

    def search(self, query: str, asked: Asked) -> Steps[list[tuple[Document, float]]]:
        """The nearest documents to a text, with the contract's score."""
        if asked.mode == "vector":
            return (yield from self.search_vector((yield self.embed_query(query)), asked))
        vector = None if asked.mode == "keyword" else (yield self.embed_query(query))
        return (yield from self._search(vector, asked, query))

    def search_vector(self, vector: Sequence[float], asked: Asked) -> Steps[list[tuple[Document, float]]]:
        """The nearest documents to a vector, with the contract's score."""
        if asked.mode != "vector":
            raise InvalidInputError(f"mode={asked.mode!r} needs the text of a query", hint="search by text")
        return (yield from self._search(vector, asked, None))

    def relevance(self, query: str, asked: Asked) -> Steps[list[tuple[Document, float]]]:
        """As `search`, with LangChain's relevance: from 0 to 1.

        Raises:
            UnsupportedError: the score has no bounds.
        """
        info: CollectionInfo = yield self.store.describe_collection(self.name)
        if info.distance == "dot" or asked.mode != "vector":
            raise UnsupportedError(
                "these scores have no bounds, so there is no relevance from 0 to 1",
                hint="use similarity_search_with_score, with score_threshold=",
            )
        found = yield from self.search(query, asked)
        if info.distance == "cosine":
            return [(document, min(1.0, max(0.0, (1.0 + score) / 2.0))) for document, score in found]
        return found

    def diverse(
        self,
        query: str,
        k: int,
        fetch_k: int,
        lambda_mult: float,
        filter: Mapping[str, Any] | None,  # noqa: A002
    ) -> Steps[list[Document]]:
        """`diverse_vector` of a text."""
        return (yield from self.diverse_vector((yield self.embed_query(query)), k, fetch_k, lambda_mult, filter))

    def diverse_vector(
        self,
        vector: Sequence[float],
        k: int,
        fetch_k: int,
        lambda_mult: float,
        filter: Mapping[str, Any] | None,  # noqa: A002
    ) -> Steps[list[Document]]:
        """Of the ``fetch_k`` nearest documents ``k`` by maximal marginal relevance."""
        wanted = check_limit(k, "k") or 0
        near: list[KnowledgeDocument] = yield self.store.search(self.name, vector, fetch_k, filter)
        # The search gives no vectors; what is deleted in between is left out.
        whole: list[KnowledgeDocument] = yield self.store.get(self.name, [document.id for document in near])
        chosen = diverse(vector, [document.embedding or [] for document in whole], wanted, lambda_mult)
        return [convert.to_document(whole[index]) for index in chosen]

    def _search(
        self, vector: Sequence[float] | None, asked: Asked, text: str | None
    ) -> Steps[list[tuple[Document, float]]]:
        found: list[KnowledgeDocument] = yield self.store.search(
            self.name, vector, asked.k, asked.filter, asked.score_threshold, text=text, mode=asked.mode
        )
        return [(convert.to_document(document), document.score or 0.0) for document in found]
