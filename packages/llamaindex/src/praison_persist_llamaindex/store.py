"""Vector stores of LlamaIndex as a knowledge store: its constructor.

Everything else is core's, see `praison_persist.adapting.store`; what vector stores can is in `partners`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from llama_index.core.vector_stores.types import BasePydanticVectorStore

from praison_persist.adapting.store import AdaptedStore
from praison_persist.errors import ConfigurationError
from praison_persist.knowledge import CollectionInfo

from .partners import AnyVectorStore, partner_of

__all__ = ["LlamaIndexKnowledgeStore"]


class LlamaIndexKnowledgeStore(AdaptedStore):
    """Documents in vector stores of LlamaIndex.

    LlamaIndex has no catalogue: a collection is there once `create_collection` has told this object its dimension and
    distance. Give exactly one of:

    Args:
        vector_store: holds the one collection that this store can have.
        vector_store_cls: makes that one, called with ``vector_store_kwargs`` by the first `create_collection`.
        vector_store_kwargs: its keyword arguments.
        open_collection: makes a vector store for each collection, which is deleted with it.

    Raises:
        ConfigurationError: none or several of them, or something else than a vector store.
    """

    backend = "llamaindex"
    framework = "LlamaIndex"
    argument = "vector_store"

    def __init__(
        self,
        vector_store: BasePydanticVectorStore | None = None,
        vector_store_cls: Callable[..., BasePydanticVectorStore] | None = None,
        vector_store_kwargs: Mapping[str, Any] | None = None,
        *,
        open_collection: Callable[[CollectionInfo], BasePydanticVectorStore] | None = None,
    ) -> None:
        super().__init__(vector_store, vector_store_cls, vector_store_kwargs, open_collection)

    def _partner_of(self, vectorstore: Any) -> AnyVectorStore:
        if not isinstance(vectorstore, BasePydanticVectorStore):
            raise ConfigurationError(
                f"expected a vector store of LlamaIndex, not {type(vectorstore).__name__}",
                backend=self.backend,
                hint="an object of a class that inherits BasePydanticVectorStore",
            )
        return partner_of(vectorstore)
