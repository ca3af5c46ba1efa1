"""Vector stores of LangChain as a knowledge store: its constructor, and what makes one fit to be wrapped.

Everything else is core's, see `praison_persist.adapting.store`; what vector stores can is in `partners`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.vectorstores import VectorStore

from praison_persist.adapting.store import AdaptedStore
from praison_persist.errors import ConfigurationError
from praison_persist.knowledge import CollectionInfo

from .partners import AnyVectorStore, partner_of
from .vectors import GivenVectors

__all__ = ["LangChainKnowledgeStore"]


class LangChainKnowledgeStore(AdaptedStore):
    """Documents in vector stores of LangChain, whose embeddings are `GivenVectors`.

    LangChain has no catalogue: a collection is there once `create_collection` has told this object its dimension and
    distance. Give exactly one of:

    Args:
        vectorstore: holds the one collection that this store can have.
        vectorstore_cls: makes that one, called with ``vectorstore_kwargs`` by the first `create_collection`.
        vectorstore_kwargs: its keyword arguments.
        open_collection: makes a vector store for each collection, which is deleted with it.

    Raises:
        ConfigurationError: none or several of them, or embeddings of another kind.
    """

    backend = "langchain"
    framework = "LangChain"
    argument = "vectorstore"

    def __init__(
        self,
        vectorstore: VectorStore | None = None,
        vectorstore_cls: Callable[..., VectorStore] | None = None,
        vectorstore_kwargs: Mapping[str, Any] | None = None,
        *,
        open_collection: Callable[[CollectionInfo], VectorStore] | None = None,
    ) -> None:
        super().__init__(vectorstore, vectorstore_cls, vectorstore_kwargs, open_collection)

    def _partner_of(self, vectorstore: Any) -> AnyVectorStore:
        if not isinstance(vectorstore, VectorStore):
            raise ConfigurationError(
                f"expected a LangChain VectorStore, not {type(vectorstore).__name__}", backend=self.backend
            )
        vectors = vectorstore.embeddings
        if not isinstance(vectors, GivenVectors):
            raise ConfigurationError(
                f"the embeddings of {type(vectorstore).__name__} would replace the vectors that documents bring",
                backend=self.backend,
                hint="make the vector store with praison_persist_langchain.GivenVectors() as its embeddings",
            )
        return partner_of(vectorstore, vectors)
