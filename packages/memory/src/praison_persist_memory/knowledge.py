"""Documents and vectors in dictionaries of this process, searched by brute force.

Results are exactly those of `praison_persist.scores.exact_search`; this module only spares it the hopeless vectors.
"""

from __future__ import annotations

import copy
import heapq
import math
import threading
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from operator import mul
from typing import Any

from praison_persist.filters import Filter, matches
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import DISTANCES, exact_search
from praison_persist.vectorstore import VectorStoreBase, already_exists, collection_not_found

from .guard import BACKEND, check_url

_multiply_add = getattr(math, "sumprod", lambda a, b: sum(map(mul, a, b)))


@dataclass(frozen=True, slots=True)
class _Item:
    """A stored document; replaced whole and never changed, so that readers need no lock."""

    document: KnowledgeDocument
    vector: array[float]
    length: float

    def copy(self, **changes: Any) -> KnowledgeDocument:
        return replace(self.document, metadata=copy.deepcopy(self.document.metadata), **changes)

    def whole(self) -> KnowledgeDocument:
        return self.copy(embedding=self.vector.tolist())


@dataclass(slots=True)
class _Collection:
    info: CollectionInfo
    items: dict[str, _Item] = field(default_factory=dict)


class MemoryKnowledgeStore(VectorStoreBase):
    """Documents that live as long as this object; vectors are kept in double precision.

    Args:
        url: None or ``memory://``.
    """

    backend = BACKEND
    distances = DISTANCES

    def __init__(self, url: str | None = None) -> None:
        check_url(url)
        super().__init__()
        self._lock = threading.RLock()
        self._collections: dict[str, _Collection] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def _create(self, info: CollectionInfo) -> bool:
        kept = replace(info, metadata=copy.deepcopy(info.metadata))
        with self._lock:
            return self._collections.setdefault(info.name, created := _Collection(kept)) is created

    def _drop(self, name: str) -> bool:
        with self._lock:
            return self._collections.pop(name, None) is not None

    def _describe(self, name: str) -> CollectionInfo | None:
        with self._lock:
            found = self._collections.get(name)
        return None if found is None else replace(found.info, metadata=copy.deepcopy(found.info.metadata))

    def _names(self) -> list[str]:
        with self._lock:
            return list(self._collections)

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        new = _items(documents)
        with self._lock:
            items = self._items_of(info)
            if taken := [id_ for id_ in new if id_ in items]:
                raise already_exists(taken)
            items.update(new)

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        new = _items(documents)
        with self._lock:
            self._items_of(info).update(new)

    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> list[KnowledgeDocument]:
        found = self._matching(info, condition)
        if len(found) > limit:
            found = _promising(found, vector, info.distance, limit)
        best = exact_search(
            ((item, item.vector, None) for item in found),
            vector,
            distance=info.distance,
            limit=limit,
            threshold=threshold,
        )
        return [item.copy(score=score) for item, score in best]

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> list[KnowledgeDocument]:
        with self._lock:
            items = self._items_of(info)
            found = [items[id_] for id_ in ids if id_ in items]
        return [item.whole() for item in found]

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> int:
        with self._lock:
            items = self._items_of(info)
            candidates = list(items) if ids is None else [id_ for id_ in ids if id_ in items]
            gone = [id_ for id_ in candidates if matches(condition, items[id_].document.metadata)]
            for id_ in gone:
                del items[id_]
            return len(gone)

    def _count(self, info: CollectionInfo, condition: Filter | None) -> int:
        return len(self._matching(info, condition))

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Iterator[_Item] | None
    ) -> tuple[list[KnowledgeDocument], Iterator[_Item] | None]:
        items = iter(self._matching(info, condition)) if after is None else after
        page = [item.whole() for item in islice(items, size)]
        return page, items if len(page) == size else None

    def _close(self) -> None:
        with self._lock:
            self._collections.clear()

    # -- inside --------------------------------------------------------------------------------------------------

    def _items_of(self, info: CollectionInfo) -> dict[str, _Item]:
        """The items of a collection that may have been deleted, or deleted and created anew, meanwhile."""
        found = self._collections.get(info.name)
        if found is None or (found.info.dimension, found.info.distance) != (info.dimension, info.distance):
            raise collection_not_found(info.name)
        return found.items

    def _matching(self, info: CollectionInfo, condition: Filter | None) -> list[_Item]:
        with self._lock:
            items = list(self._items_of(info).values())
        return items if condition is None else [item for item in items if matches(condition, item.document.metadata)]


def _items(documents: Sequence[KnowledgeDocument]) -> dict[str, _Item]:
    return {
        document.id: _Item(
            replace(document, embedding=None, metadata=copy.deepcopy(document.metadata)),
            array("d", document.embedding or ()),
            math.hypot(*document.embedding or ()),
        )
        for document in documents
    }


def _promising(items: list[_Item], query: Sequence[float], distance: str, limit: int) -> list[_Item]:
    """The items that can be among the best ``limit``, found with fast sums; a margin covers their rounding."""
    length = math.hypot(*query)
    if distance == "cosine":
        rough = [_multiply_add(item.vector, query) / item.length for item in items]
        scale = length
    elif distance == "dot":
        rough = [_multiply_add(item.vector, query) for item in items]
        scale = length * max(item.length for item in items)
    else:  # the exact lengths are as fast as any estimate
        return items
    margin = 1e-9 * scale
    worst = heapq.nlargest(limit, rough)[-1] - margin
    return [item for item, value in zip(items, rough, strict=True) if value >= worst]
