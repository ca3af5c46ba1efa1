"""Vector stores of LangChain as a knowledge store: one for all documents, or one for each collection.

What they can beyond LangChain's interface is in `partners`, how records look in `records`.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from langchain_core.vectorstores import VectorStore

from praison_persist.errors import ConfigurationError, InvalidInputError, UnsupportedError
from praison_persist.filters import Filter, matches
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.overfetch import overfetch
from praison_persist.scores import DISTANCES, score
from praison_persist.steps import finish
from praison_persist.vectorstore import VectorStoreBase, already_exists, collection_not_found

from . import records
from .errors import translated
from .partners import Partner, partner_of
from .vectors import GivenVectors

__all__ = ["LangChainKnowledgeStore"]

_ALL = 2**31 - 1


@dataclass(slots=True)
class _Collection:
    info: CollectionInfo
    partner: Partner
    lock: threading.Lock = field(default_factory=threading.Lock)


class LangChainKnowledgeStore(VectorStoreBase):
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
    distances = DISTANCES

    def __init__(
        self,
        vectorstore: VectorStore | None = None,
        vectorstore_cls: Callable[..., VectorStore] | None = None,
        vectorstore_kwargs: Mapping[str, Any] | None = None,
        *,
        open_collection: Callable[[CollectionInfo], VectorStore] | None = None,
    ) -> None:
        if sum(given is not None for given in (vectorstore, vectorstore_cls, open_collection)) != 1:
            raise ConfigurationError(
                "LangChainKnowledgeStore takes one of vectorstore, vectorstore_cls and open_collection",
                backend=self.backend,
            )
        if vectorstore_kwargs is not None and vectorstore_cls is None:
            raise ConfigurationError(
                "vectorstore_kwargs are of vectorstore_cls, which is missing", backend=self.backend
            )
        if vectorstore is not None:
            _vectors_of(vectorstore)
        super().__init__()
        self._vectorstore = vectorstore
        self._cls = vectorstore_cls
        self._kwargs = dict(vectorstore_kwargs or {})
        self._open = open_collection
        self._single = open_collection is None
        self._lock = threading.Lock()
        self._collections: dict[str, _Collection] = {}

    def __repr__(self) -> str:
        shown = "" if self._vectorstore is None else type(self._vectorstore).__name__
        return f"{type(self).__name__}({shown})"

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> bool:
        with self._lock:
            if info.name in self._collections:
                return False
            if self._single and self._collections:
                raise UnsupportedError(
                    "one vector store of LangChain is one collection",
                    hint="open_collection= makes one for each collection",
                )
            with translated("the vector store", write=True):
                vectorstore = self._made(info)
                partner = partner_of(vectorstore, _vectors_of(vectorstore))
                known = partner.distances()
            if info.distance not in known:
                if not self._single:
                    with translated("the vector store", write=True):
                        partner.drop()
                raise InvalidInputError(
                    f"{type(vectorstore).__name__} ranks by {known[0]} here, not by {info.distance}",
                    hint=f"create the collection with distance={known[0]!r}, or configure the vector store",
                )
            if self._single:
                self._vectorstore = vectorstore
            kept = replace(info, metadata=copy.deepcopy(info.metadata))
            self._collections[info.name] = _Collection(kept, partner)
            return True

    def _drop(self, name: str) -> bool:
        with self._lock:
            found = self._collections.get(name)
            if found is None:
                return False
            with found.lock, translated("the vector store", write=True):
                if self._single:  # the vector store stays the caller's
                    found.partner.delete(found.partner.keys(None))
                else:
                    found.partner.drop()
            del self._collections[name]
            return True

    def _describe(self, name: str) -> CollectionInfo | None:
        with self._lock:
            found = self._collections.get(name)
        return None if found is None else replace(found.info, metadata=copy.deepcopy(found.info.metadata))

    def _names(self) -> list[str]:
        with self._lock:
            return list(self._collections)

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        found = self._of(info)
        keys = found.partner.keys_of([document.id for document in documents])
        with found.lock:
            self._still(found)
            with translated("the vector store", write=True):
                if taken := [records.to_document(record).id for record in found.partner.get(keys)]:
                    raise already_exists(taken)
                try:
                    _write(found.partner, documents, fresh=True)
                except Exception:
                    with suppress(Exception):  # the first error is the one that counts
                        found.partner.delete(keys)
                    raise

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        found = self._of(info)
        with found.lock:
            self._still(found)
            with translated("the vector store", write=True):
                _write(found.partner, documents, fresh=False)

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> int:
        found = self._of(info)
        with found.lock, translated("the vector store", write=True):
            keys = found.partner.keys(condition) if ids is None else found.partner.keys_of(ids)
            gone = [
                document.id for document in self._read(found.partner, keys) if matches(condition, document.metadata)
            ]
            for start in range(0, len(gone), self.max_batch):
                found.partner.delete(found.partner.keys_of(gone[start : start + self.max_batch]))
            return len(gone)

    # -- reading -------------------------------------------------------------------------------------------------

    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> list[KnowledgeDocument]:
        partner = self._of(info).partner

        def fetch(size: int) -> tuple[list[KnowledgeDocument], bool]:
            near, exact = partner.nearest(list(vector), size, info.distance, condition)
            documents = [records.to_document(record) for record in near]
            kept = [document for document in documents if matches(condition, document.metadata)]
            scored = [replace(document, embedding=None, score=_score(info, vector, document)) for document in kept]
            scored.sort(key=lambda document: -(document.score or 0.0))
            return scored, not exact and len(near) == size

        with translated("the vector store"):
            best = finish(overfetch(fetch, limit, first=limit, most=_ALL))
        return [document for document in best if threshold is None or (document.score or 0.0) >= threshold]

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> list[KnowledgeDocument]:
        partner = self._of(info).partner
        with translated("the vector store"):
            return list(self._read(partner, partner.keys_of(ids)))

    def _count(self, info: CollectionInfo, condition: Filter | None) -> int:
        partner = self._of(info).partner
        with translated("the vector store"):
            keys = partner.keys(condition)
            if condition is None:
                return len(keys)
            return sum(matches(condition, document.metadata) for document in self._read(partner, keys))

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Iterator[str] | None
    ) -> tuple[list[KnowledgeDocument], Iterator[str] | None]:
        partner = self._of(info).partner
        with translated("the vector store"):
            keys = iter(partner.keys(condition)) if after is None else after
            part = list(islice(keys, size))
            page = [found for found in self._read(partner, part) if matches(condition, found.metadata)]
        return page, keys if len(part) == size else None

    def _close(self) -> None:
        with self._lock:
            self._collections.clear()

    # -- inside --------------------------------------------------------------------------------------------------

    def _made(self, info: CollectionInfo) -> Any:
        """The vector store for a collection; checked by the caller."""
        if self._open is not None:
            return self._open(info)
        if self._vectorstore is None and self._cls is not None:
            return self._cls(**self._kwargs)
        return self._vectorstore

    def _of(self, info: CollectionInfo) -> _Collection:
        with self._lock:
            found = self._collections.get(info.name)
        if found is None or (found.info.dimension, found.info.distance) != (info.dimension, info.distance):
            raise collection_not_found(info.name)
        return found

    def _still(self, found: _Collection) -> None:
        """Refuse to write to a collection that was deleted while the lock was waited for."""
        if self._collections.get(found.info.name) is not found:
            raise collection_not_found(found.info.name)

    def _read(self, partner: Partner, keys: Sequence[str]) -> Iterator[KnowledgeDocument]:
        for start in range(0, len(keys), self.max_batch):
            for record in partner.get(keys[start : start + self.max_batch]):
                yield records.to_document(record)


def _vectors_of(vectorstore: Any) -> GivenVectors:
    if not isinstance(vectorstore, VectorStore):
        raise ConfigurationError(
            f"expected a LangChain VectorStore, not {type(vectorstore).__name__}", backend="langchain"
        )
    vectors = vectorstore.embeddings
    if not isinstance(vectors, GivenVectors):
        raise ConfigurationError(
            f"the embeddings of {type(vectorstore).__name__} would replace the vectors that documents bring",
            backend="langchain",
            hint="make the vector store with praison_persist_langchain.GivenVectors() as its embeddings",
        )
    return vectors


def _write(partner: Partner, documents: Sequence[KnowledgeDocument], *, fresh: bool) -> None:
    partner.add(
        [document.id for document in documents],
        [records.to_text(document) for document in documents],
        [records.to_metadata(document, tokens=partner.tokens) for document in documents],
        [document.embedding or [] for document in documents],
        fresh=fresh,
    )


def _score(info: CollectionInfo, vector: Sequence[float], document: KnowledgeDocument) -> float:
    """Exact, from the vector that the record holds: whether a partner reports similarities or distances is its own."""
    if document.embedding is None:
        raise UnsupportedError(
            f"document {document.id!r} was not written by praison-persist, so its vector and score are not known",
            hint="store it anew through this store",
        )
    return score(info.distance, document.embedding, vector)
