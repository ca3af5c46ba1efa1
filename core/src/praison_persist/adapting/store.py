"""Vector stores of another framework as a knowledge store: one for all documents, or one for each collection.

What a vector store can is asked of its `Partner`; no framework and no engine is known here.
"""

from __future__ import annotations

import copy
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from ..errors import ConfigurationError, InvalidInputError, UnsupportedError
from ..filters import Filter, matches
from ..knowledge import CollectionInfo, KnowledgeDocument
from ..overfetch import overfetch
from ..scores import DISTANCES, score
from ..steps import finish
from ..vectorstore import VectorStoreBase, already_exists, collection_not_found
from .errors import translated
from .partner import Partner

__all__ = ["AdaptedStore"]

_ALL = 2**31 - 1
_WIDER = 4  # looked at where the engine cannot tell which documents match, instead of asking twice


@dataclass(slots=True)
class _Collection:
    info: CollectionInfo
    partner: Partner
    lock: threading.Lock = field(default_factory=threading.Lock)


class AdaptedStore(VectorStoreBase):
    """Documents in vector stores of a framework, which has no catalogue.

    So a collection is there once `create_collection` has told this object its dimension and distance. Scores are
    computed from the vectors of the records, unless a partner knows them: whether a vector store reports similarities
    or distances is its own.

    Class attributes that an adapter sets:
        framework: the name of the framework, for messages.
        argument: what its constructor calls the vector store.
    """

    distances = DISTANCES
    framework: str
    argument: str

    def __init__(
        self,
        vectorstore: Any,
        make: Callable[..., Any] | None,
        options: Mapping[str, Any] | None,
        open_collection: Callable[[CollectionInfo], Any] | None,
    ) -> None:
        name = self.argument
        if sum(given is not None for given in (vectorstore, make, open_collection)) != 1:
            raise ConfigurationError(
                f"{type(self).__name__} takes one of {name}, {name}_cls and open_collection", backend=self.backend
            )
        if options is not None and make is None:
            raise ConfigurationError(f"{name}_kwargs are of {name}_cls, which is missing", backend=self.backend)
        super().__init__()
        self._partner = None if vectorstore is None else self._partner_of(vectorstore)
        self._make: Any = make
        self._options = dict(options or {})
        self._open = open_collection
        self._lock = threading.Lock()
        self._collections: dict[str, _Collection] = {}

    def __repr__(self) -> str:
        shown = "" if self._partner is None else type(self._partner.vectorstore).__name__
        return f"{type(self).__name__}({shown})"

    @abstractmethod
    def _partner_of(self, vectorstore: Any) -> Partner:
        """The partner for a vector store; no I/O.

        Raises:
            ConfigurationError: not a vector store, or one that cannot be wrapped.
        """

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> bool:
        with self._lock:
            if info.name in self._collections:
                return False
            if self._open is None and self._collections:
                raise UnsupportedError(
                    f"one vector store of {self.framework} is one collection",
                    hint="open_collection= makes one for each collection",
                )
            with translated("the vector store", write=True):
                partner = self._made(info)
                try:
                    partner.prepare(info)
                    _check_distance(partner, info)
                except InvalidInputError:
                    if self._open is not None:
                        partner.drop()
                    raise
            if self._open is None:
                self._partner = partner
            kept = replace(info, metadata=copy.deepcopy(info.metadata))
            self._collections[info.name] = _Collection(kept, partner)
            return True

    def _drop(self, name: str) -> bool:
        with self._lock:
            found = self._collections.get(name)
            if found is None:
                return False
            with found.lock, translated("the vector store", write=True):
                if self._open is None:  # the vector store stays the caller's
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
                if taken := [document.id for document in found.partner.get(keys)]:
                    raise already_exists(taken)
                try:
                    found.partner.add(documents)
                except Exception:
                    with suppress(Exception):  # the first error is the one that counts
                        found.partner.delete(keys)
                    raise

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        found = self._of(info)
        with found.lock:
            self._still(found)
            with translated("the vector store", write=True):
                found.partner.replace(documents)

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
            near, more = partner.nearest(list(vector), size, info.distance, condition)
            kept = near if partner.exact else [one for one in near if matches(condition, one.metadata)]
            for document in kept:
                if document.score is None:
                    document.score = _score(info, vector, document)
                document.embedding = None
            kept.sort(key=lambda document: -(document.score or 0.0))
            return kept, more

        first = limit if condition is None or partner.narrows(condition) else limit * _WIDER
        with translated("the vector store"):
            best = finish(overfetch(fetch, limit, first=first, most=_ALL))
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

    def _made(self, info: CollectionInfo) -> Partner:
        """The partner for a new collection."""
        if self._partner is not None:
            return self._partner
        return self._partner_of(self._make(**self._options) if self._open is None else self._open(info))

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
            yield from partner.get(keys[start : start + self.max_batch])


def _check_distance(partner: Partner, info: CollectionInfo) -> None:
    known = partner.distances()
    if info.distance not in known:
        raise InvalidInputError(
            f"{type(partner.vectorstore).__name__} ranks by {known[0]} here, not by {info.distance}",
            hint=f"create the collection with distance={known[0]!r}, or configure the vector store",
        )


def _score(info: CollectionInfo, vector: Sequence[float], document: KnowledgeDocument) -> float:
    if document.embedding is None:
        raise UnsupportedError(
            f"document {document.id!r} was not written by praison-persist, so its vector and score are not known",
            hint="store it anew through this store",
        )
    return score(info.distance, document.embedding, vector)
