"""Knowledge as documents: the hooks of core's vector stores, shared by the blocking and the asynchronous one.

Filters and searches by reading every document of a collection: exact, and slow beyond some ten thousand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from praison_persist.filters import Filter, matches
from praison_persist.jsontext import decode, encode
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import DISTANCES, exact_search
from praison_persist.steps import Steps
from praison_persist.vectorsteps import VectorSteps, already_exists, collection_not_found

from .engine import Change, Document
from .errors import guard

__all__ = ["Hooks"]

_PAGE = 500


class Hooks(VectorSteps):
    """Over a `Client`, or one with the same methods awaited."""

    distances = DISTANCES
    _client: Any

    def _create(self, info: CollectionInfo) -> Steps[bool]:
        shape = {"dimension": info.dimension, "distance": info.distance, "metadata": info.metadata}
        with guard():
            return (yield self._client.write([Change(_collection(info.name), encode(shape), "")])) is not None

    def _drop(self, name: str) -> Steps[bool]:
        with guard():
            while True:
                found = (yield self._client.read([_collection(name)])).get(_collection(name))
                if found is None:
                    return False
                documents = yield from self._documents(name)
                gone = [Change(found.name, None, found.version), *(Change(d.name, None) for d in documents)]
                if (yield self._client.write(gone)) is not None:
                    return True

    def _describe(self, name: str) -> Steps[CollectionInfo | None]:
        with guard():
            found = (yield self._client.read([_collection(name)])).get(_collection(name))
            return None if found is None else CollectionInfo(name, **decode(found.body, "collection"))

    def _names(self) -> Steps[list[str]]:
        with guard():
            found = yield from self._all("collection/")
            return [document.name.partition("/")[2] for document in found]

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        with guard():
            collection = yield from self._existing(info)
            changes = [Change(_name(info, d.id), encode(d.to_dict()), "") for d in documents]
            if (yield self._client.write(changes, [collection])) is None:
                taken = yield self._client.read([change.name for change in changes])
                if not taken:
                    raise collection_not_found(info.name)
                raise already_exists([d.id for d in documents if _name(info, d.id) in taken])

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        with guard():
            collection = yield from self._existing(info)
            changes = [Change(_name(info, d.id), encode(d.to_dict())) for d in documents]
            if (yield self._client.write(changes, [collection])) is None:
                raise collection_not_found(info.name)

    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> Steps[list[KnowledgeDocument]]:
        found = yield from self._matching(info, condition)
        items = ((document, document.embedding or (), None) for document in found)
        best = exact_search(items, vector, distance=info.distance, limit=limit, threshold=threshold)
        for document, score in best:
            document.embedding, document.score = None, score
        return [document for document, _ in best]

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
        with guard():
            yield from self._existing(info)
            found = yield self._client.read([_name(info, id_) for id_ in ids])
            return [_document(document) for document in found.values()]

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> Steps[int]:
        while True:
            if ids is None:
                found = yield from self._matching(info, condition)
            else:
                named = yield from self._fetch(info, ids)
                found = [document for document in named if matches(condition, document.metadata)]
            with guard():
                names = [_name(info, document.id) for document in found]
                current: dict[str, Document] = yield self._client.read(names)
                now = [_document(current[name]) for name in names if name in current]
                gone = [Change(document.name, None, document.version) for document in current.values()]
                if now == found and (yield self._client.write(gone)) is not None:
                    return len(gone)

    def _count(self, info: CollectionInfo, condition: Filter | None) -> Steps[int]:
        return len((yield from self._matching(info, condition)))

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> Steps[tuple[list[KnowledgeDocument], Any]]:
        with guard():
            yield from self._existing(info)
            page: list[Document] = yield self._client.page(_name(info), after or "", size)
            found = [document for document in map(_document, page) if matches(condition, document.metadata)]
            return found, page[-1].name if len(page) == size else None

    def _close(self) -> Steps[None]:
        yield self._client.close()

    # -- inside --------------------------------------------------------------------------------------------------

    def _existing(self, info: CollectionInfo) -> Steps[Document]:
        """The collection's document; others may have deleted it, or created another of its name, meanwhile."""
        name = _collection(info.name)
        found = (yield self._client.read([name])).get(name)
        if found is None or CollectionInfo(info.name, **decode(found.body, "collection")) != info:
            raise collection_not_found(info.name)
        return found

    def _matching(self, info: CollectionInfo, condition: Filter | None) -> Steps[list[KnowledgeDocument]]:
        with guard():
            yield from self._existing(info)
            found = map(_document, (yield from self._documents(info.name)))
            return [document for document in found if matches(condition, document.metadata)]

    def _documents(self, name: str) -> Steps[list[Document]]:
        return (yield from self._all(f"document/{name}/"))

    def _all(self, prefix: str) -> Steps[list[Document]]:
        found: list[Document] = []
        while True:
            page: list[Document] = yield self._client.page(prefix, found[-1].name if found else "", _PAGE)
            found += page
            if len(page) < _PAGE:
                return found


def _collection(name: str) -> str:
    return f"collection/{name}"


def _name(info: CollectionInfo, id_: str = "") -> str:
    return f"document/{info.name}/{quote(id_, safe='', errors='surrogatepass')}"


def _document(document: Document) -> KnowledgeDocument:
    return KnowledgeDocument.from_dict(decode(document.body, "document"))
