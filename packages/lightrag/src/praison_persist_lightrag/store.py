"""LightRAG as a knowledge store: an instance that is one collection, or a directory with an instance for each.

Where documents are in an instance is in `chunks`, what is in the directory in `workspaces`; everything else is core's,
see `praison_persist.adapting.store`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from praison_persist.adapting.errors import translated
from praison_persist.adapting.store import AdaptedStore
from praison_persist.errors import ConfigurationError
from praison_persist.knowledge import CollectionInfo
from praison_persist.vectorstore import collection_not_found

from .chunks import Chunks
from .driving import run
from .instances import Models, checked
from .workspaces import Workspaces

__all__ = ["LightRAGKnowledgeStore"]

T = TypeVar("T")


class LightRAGKnowledgeStore(AdaptedStore):
    """Documents, with the vectors that they bring, as chunks of LightRAG.

    Args:
        working_dir: has a workspace for each collection; ``./lightrag_data`` if nothing else is said.
        llm_model: LightRAG's ``llm_model_func``, for what `lightrag` is used for; this store needs none.
        embedding_model: LightRAG's ``EmbeddingFunc``, likewise; every collection has its dimension then.
        lightrag: instead of all others, an instance that is the one collection of this store, and stays the caller's.
        lightrag_kwargs: further arguments of each ``LightRAG`` that the store makes.

    Raises:
        ConfigurationError: an instance and something else, or one that cannot be wrapped; a model that is a name.
    """

    backend = "lightrag"
    framework = "LightRAG"
    argument = "lightrag"

    def __init__(
        self,
        working_dir: str | os.PathLike[str] | None = None,
        llm_model: Callable[..., Any] | None = None,
        embedding_model: Any = None,
        *,
        lightrag: Any = None,
        lightrag_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        others = {
            "working_dir": working_dir,
            "llm_model": llm_model,
            "embedding_model": embedding_model,
            "lightrag_kwargs": lightrag_kwargs,
        }
        if lightrag is not None and (more := [name for name, value in others.items() if value is not None]):
            raise ConfigurationError(f"an instance has its own {more[0]}: give one of them", backend=self.backend)
        self._models = models = Models(llm_model, embedding_model, lightrag_kwargs)
        self._workspaces = workspaces = Workspaces(working_dir or "./lightrag_data") if lightrag is None else None
        self._changing = threading.RLock()
        if workspaces is None:
            super().__init__(lightrag, None, None, None)
        else:
            super().__init__(
                None, None, None, lambda info: models.make(info, workspaces.path, workspaces.workspace(info.name))
            )

    def __repr__(self) -> str:
        where = "an instance" if self._workspaces is None else repr(str(self._workspaces.path))
        return f"{type(self).__name__}({where})"

    # -- LightRAG itself -----------------------------------------------------------------------------------------

    def lightrag(self, collection: str) -> Any:
        """The ``LightRAG`` of a collection, for what is LightRAG's own: insertion through its models, its queries.

        It lives on a loop of praison-persist: `run` its coroutines. It is of use until the store is closed.

        Raises:
            NotFoundError: no such collection.
        """
        with self._operation("lightrag"):
            info = self._describe(collection)
            if info is None:
                raise collection_not_found(collection)
            return self._of(info).partner.vectorstore

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine of `lightrag`; its errors are its own."""
        return run(coroutine)

    # -- the collections of a directory --------------------------------------------------------------------------

    def _setup(self) -> None:
        if self._workspaces is not None:
            self._workspaces.hold()

    def _create(self, info: CollectionInfo) -> bool:
        if self._workspaces is None:
            return super()._create(info)
        with self._changing:
            if self._workspaces.read(info.name) is not None:
                return False
            self._models.check(info)
            self._workspaces.add(info)
            try:
                return super()._create(info)
            except BaseException:
                self._workspaces.remove(info.name)
                raise

    def _describe(self, name: str) -> CollectionInfo | None:
        if self._workspaces is None:
            return super()._describe(name)
        with self._changing:
            info = self._workspaces.read(name)
            if info is not None and super()._describe(name) is None:
                self._models.check(info)
                super()._create(info)
            return info

    def _drop(self, name: str) -> bool:
        if self._workspaces is None:
            return super()._drop(name)
        with self._changing:
            if self._workspaces.read(name) is None:
                return False
            super()._drop(name)
            self._workspaces.remove(name)
            return True

    def _names(self) -> list[str]:
        return super()._names() if self._workspaces is None else self._workspaces.names()

    def _close(self) -> None:
        if self._workspaces is None:
            super()._close()
            return
        with self._changing, translated("LightRAG"):
            try:
                for found in self._collections.values():
                    found.partner.drop()
            finally:
                super()._close()
                self._workspaces.release()

    def _partner_of(self, vectorstore: Any) -> Chunks:
        return Chunks(checked(vectorstore))
