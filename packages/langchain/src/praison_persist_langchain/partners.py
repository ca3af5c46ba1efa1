"""What differs between LangChain's vector stores behind their one interface: filters, listing, ids, distances.

`AnyVectorStore` knows the interface only, and refuses what that cannot do; the others add what their vector store can.
They are told apart by name, so that none is imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.vectorstores import VectorStore

from praison_persist.adapting.chroma import Keys, chroma_distance, chroma_score
from praison_persist.adapting.partner import Partner, kind_of
from praison_persist.adapting.qdrant import qdrant_distance, qdrant_fields, qdrant_filter, qdrant_key, qdrant_score
from praison_persist.adapting.records import plain, to_document, to_metadata, to_text
from praison_persist.errors import UnsupportedFilterError
from praison_persist.filters import Filter, matches
from praison_persist.knowledge import KnowledgeDocument
from praison_persist.narrowing import Narrowed
from praison_persist.scores import Distance

from .vectors import GivenVectors

__all__ = ["AnyVectorStore", "partner_of"]

_QUERY = "query"
_KEYS = Keys(own=frozenset({"chroma:document"}), shared=True)


class AnyVectorStore(Partner):
    """Any vector store, by LangChain's interface alone: no filters, and no way to list what is there.

    Attributes:
        fields: what of metadata stands in its records for readers and filters.
        vector: whether they need their vectors, since it does not give them back.
    """

    framework = "LangChain"
    fields = staticmethod(plain)
    vector = True

    def __init__(self, vectorstore: Any, vectors: GivenVectors) -> None:
        super().__init__(vectorstore)
        self._vectors = vectors

    def add(self, documents: Sequence[KnowledgeDocument]) -> None:
        self._write(documents, list(map(self._metadata, documents)))

    def get(self, keys: Sequence[str]) -> list[KnowledgeDocument]:
        return _documents(self.vectorstore.get_by_ids(list(keys))) if keys else []

    def delete(self, keys: Sequence[str]) -> None:
        if keys:
            self.vectorstore.delete(list(keys))

    def nearest(
        self, vector: list[float], k: int, distance: Distance, condition: Filter | None
    ) -> tuple[list[KnowledgeDocument], bool]:
        if condition is not None:
            raise self.no("filters", UnsupportedFilterError)
        return self._similar(vector, k), False

    def _metadata(self, document: KnowledgeDocument) -> dict[str, Any]:
        return to_metadata(document, self.fields, vector=self.vector)

    def _similar(self, vector: list[float], k: int, **keywords: Any) -> list[KnowledgeDocument]:
        with self._vectors.handed([_QUERY], [vector]):
            return _documents(self.vectorstore.similarity_search(_QUERY, k=k, **keywords))

    def _write(self, documents: Sequence[KnowledgeDocument], metadatas: list[dict[str, Any]]) -> None:
        texts = [to_text(document) for document in documents]
        with self._vectors.handed(texts, [document.embedding or [] for document in documents]):
            self.vectorstore.add_texts(texts, metadatas, ids=self.keys_of([document.id for document in documents]))


class InMemory(AnyVectorStore):
    """`langchain_core.vectorstores.InMemoryVectorStore`: filters are functions, and everything can be looked at."""

    def nearest(
        self, vector: list[float], k: int, distance: Distance, condition: Filter | None
    ) -> tuple[list[KnowledgeDocument], bool]:
        if distance != "cosine":  # which is what it ranks by; its search would look at everything, too
            return self.get(self.keys(condition)), False
        keep = None if condition is None else lambda record: matches(condition, _document(record).metadata)
        return self._similar(vector, k, filter=keep), False

    def keys(self, condition: Filter | None) -> list[str]:
        return list(self.vectorstore.store)


class Chroma(AnyVectorStore):
    """`langchain_chroma.Chroma`."""

    fields = staticmethod(_KEYS.of)
    vector = False

    def get(self, keys: Sequence[str]) -> list[KnowledgeDocument]:
        if not keys:  # Chroma takes no ids for all of them
            return []
        found = self.vectorstore.get(list(keys), include=["documents", "metadatas", "embeddings"])
        rows = zip(found["ids"], found["documents"], found["metadatas"], found["embeddings"], strict=True)
        return [to_document(key, text or "", metadata or {}, vector) for key, text, metadata, vector in rows]

    def distances(self) -> Sequence[Distance]:
        return (chroma_distance(self.vectorstore._collection.configuration_json),)

    def nearest(
        self, vector: list[float], k: int, distance: Distance, condition: Filter | None
    ) -> tuple[list[KnowledgeDocument], bool]:
        found = self.vectorstore.similarity_search_by_vector_with_relevance_scores(
            vector, k, _KEYS.where(condition).where
        )
        near = [_scored(record, chroma_score(distance, value)) for record, value in found]
        return near, condition is not None and len(near) == k

    def narrows(self, condition: Filter | None) -> bool:
        return _KEYS.where(condition).exact

    def keys(self, condition: Filter | None) -> list[str]:
        return self.vectorstore.get(where=_KEYS.where(condition).where, include=[])["ids"]

    def drop(self) -> None:
        super().drop()  # or records of other collections inherit the lists, chroma-core/chroma issue 7594
        self.vectorstore.delete_collection()

    def replace(self, documents: Sequence[KnowledgeDocument]) -> None:
        found = self.vectorstore.get([document.id for document in documents], include=["metadatas"])
        old = dict(zip(found["ids"], found["metadatas"], strict=True))
        # Chroma merges metadata; None takes a key away.
        metadatas = [dict.fromkeys(old.get(one.id) or ()) | self._metadata(one) for one in documents]
        self._write(documents, metadatas)


class Qdrant(AnyVectorStore):
    """`langchain_qdrant.QdrantVectorStore`: its ids are UUIDs, so a document's key is made of its id."""

    fields = staticmethod(qdrant_fields)

    def distances(self) -> Sequence[Distance]:
        return (qdrant_distance(str(self.vectorstore.distance.value)),)

    def keys_of(self, ids: Sequence[str]) -> list[str]:
        return list(map(qdrant_key, ids))

    def nearest(
        self, vector: list[float], k: int, distance: Distance, condition: Filter | None
    ) -> tuple[list[KnowledgeDocument], bool]:
        found = self.vectorstore.similarity_search_with_score_by_vector(vector, k, self._filter(condition))
        near = [_scored(record, qdrant_score(distance, value)) for record, value in found]
        return near, condition is not None and len(near) == k

    def narrows(self, condition: Filter | None) -> bool:
        return self._narrowed(condition).exact

    def keys(self, condition: Filter | None) -> list[str]:
        found: list[str] = []
        offset: Any = None
        while True:
            points, offset = self.vectorstore.client.scroll(
                self.vectorstore.collection_name,
                self._filter(condition),
                limit=_PAGE,
                offset=offset,
                with_payload=False,
            )
            found += [point.id for point in points]
            if offset is None:
                return found

    def drop(self) -> None:
        self.vectorstore.client.delete_collection(self.vectorstore.collection_name)

    def _filter(self, condition: Filter | None) -> Any:
        from qdrant_client import models  # there where its vector store is

        wanted = self._narrowed(condition).where
        return None if wanted is None else models.Filter.model_validate(wanted)

    def _narrowed(self, condition: Filter | None) -> Narrowed[Any]:
        return qdrant_filter(condition, f"{self.vectorstore.metadata_payload_key}.")


_PAGE = 10_000
_PARTNERS = {
    "langchain_core.vectorstores.in_memory.InMemoryVectorStore": InMemory,
    "langchain_chroma.vectorstores.Chroma": Chroma,
    "langchain_qdrant.qdrant.QdrantVectorStore": Qdrant,
}


def partner_of(vectorstore: VectorStore, vectors: GivenVectors) -> AnyVectorStore:
    """The partner for this vector store, also for one of a subclass."""
    return kind_of(vectorstore, _PARTNERS, AnyVectorStore)(vectorstore, vectors)


def _document(record: Document) -> KnowledgeDocument:
    return to_document(str(record.id), record.page_content, record.metadata)


def _scored(record: Document, score: float) -> KnowledgeDocument:
    found = to_document(str(record.id), record.page_content, record.metadata, vector=False)
    found.score = score
    return found


def _documents(records: Sequence[Document]) -> list[KnowledgeDocument]:
    return list(map(_document, records))
