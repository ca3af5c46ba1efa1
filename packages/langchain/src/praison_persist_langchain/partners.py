"""What differs between LangChain's vector stores behind their one interface: filters, listing, ids, distances.

A `Partner` knows the interface only, and refuses what that cannot do; the others add what their vector store can. They
are told apart by name, so that none is imported. Knows no documents of the contract.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.vectorstores import VectorStore

from praison_persist.errors import UnsupportedError, UnsupportedFilterError
from praison_persist.filters import Filter, matches
from praison_persist.filtertokens import EVERYTHING, NOTHING, AllOf, AnyOf, Has, Tokens, to_tokens
from praison_persist.scores import DISTANCES, Distance

from .records import TOKENS, to_document

__all__ = ["Partner", "partner_of"]

_QUERY = "query"


class Partner:
    """Any vector store, by LangChain's interface alone: no filters, and no way to list what is there.

    Attributes:
        tokens: whether its records need tokens for its filters.
    """

    tokens = False

    def __init__(self, vectorstore: Any, vectors: Any) -> None:
        self.vectorstore = vectorstore
        self._vectors = vectors

    def distances(self) -> Sequence[Distance]:
        """What the vector store may rank by."""
        return DISTANCES

    def add(
        self, ids: Sequence[str], texts: list[str], metadatas: list[dict[str, Any]], vectors: Any, *, fresh: bool
    ) -> None:
        """Write records, replacing those with the same ids, of which ``fresh`` says that there are none."""
        with self._vectors.handed(texts, vectors):
            self.vectorstore.add_texts(texts, metadatas, ids=self.keys_of(ids))

    def get(self, keys: Sequence[str]) -> list[Document]:
        """The records that exist among these keys, in any order."""
        return self.vectorstore.get_by_ids(list(keys))

    def delete(self, keys: Sequence[str]) -> None:
        """Delete records that exist."""
        self.vectorstore.delete(list(keys))

    def nearest(
        self, vector: list[float], k: int, distance: Distance, condition: Filter | None
    ) -> tuple[list[Document], bool]:
        """The ``k`` nearest records (or more) that may match, and whether all of them do."""
        if condition is not None:
            raise self._no("filters", UnsupportedFilterError)
        with self._vectors.handed([_QUERY], [vector]):
            return self.vectorstore.similarity_search(_QUERY, k=k), True

    def keys(self, condition: Filter | None) -> list[str]:
        """The keys of all records that may match."""
        raise self._no("a way to list documents", UnsupportedFilterError if condition else UnsupportedError)

    def drop(self) -> None:
        """Delete the collection from the engine."""
        self.delete(self.keys(None))

    def keys_of(self, ids: Sequence[str]) -> list[str]:
        """What the vector store calls these documents."""
        return list(ids)

    def _no(self, what: str, error: type[UnsupportedError]) -> UnsupportedError:
        return error(
            f"{type(self.vectorstore).__name__} has {what} of its own, if any, and LangChain's interface has none",
            hint="use the backend for this engine instead of the adapter",
        )


class InMemory(Partner):
    """`langchain_core.vectorstores.InMemoryVectorStore`: filters are functions, and everything can be looked at."""

    def nearest(
        self, vector: list[float], k: int, distance: Distance, condition: Filter | None
    ) -> tuple[list[Document], bool]:
        if distance != "cosine":  # which is what it ranks by; its search would look at everything, too
            return self.get(self.keys(condition)), condition is None
        keep = None if condition is None else lambda record: matches(condition, to_document(record).metadata)
        with self._vectors.handed([_QUERY], [vector]):
            return self.vectorstore.similarity_search(_QUERY, k=k, filter=keep), True

    def keys(self, condition: Filter | None) -> list[str]:
        return list(self.vectorstore.store)


class Chroma(Partner):
    """`langchain_chroma.Chroma`."""

    tokens = True

    def distances(self) -> Sequence[Distance]:
        configuration = self.vectorstore._collection.configuration_json
        index = configuration.get("hnsw") or configuration.get("spann") or {}
        return ({"cosine": "cosine", "ip": "dot"}.get(index.get("space", "l2"), "euclidean"),)  # type: ignore[return-value]

    def get(self, keys: Sequence[str]) -> list[Document]:
        return super().get(keys) if keys else []  # Chroma takes no ids for all of them

    def add(
        self, ids: Sequence[str], texts: list[str], metadatas: list[dict[str, Any]], vectors: Any, *, fresh: bool
    ) -> None:
        old = {} if fresh else {record.id: record.metadata for record in self.get(ids)}
        # Chroma merges metadata; None takes a key away.
        whole = [{**dict.fromkeys(old.get(id_, ())), **new} for id_, new in zip(ids, metadatas, strict=True)]
        super().add(ids, texts, whole, vectors, fresh=fresh)

    def nearest(
        self, vector: list[float], k: int, distance: Distance, condition: Filter | None
    ) -> tuple[list[Document], bool]:
        tokens, exact = to_tokens(condition)
        with self._vectors.handed([_QUERY], [vector]):
            return self.vectorstore.similarity_search(_QUERY, k=k, filter=self._where(tokens)), exact

    def keys(self, condition: Filter | None) -> list[str]:
        return self.vectorstore.get(where=self._where(to_tokens(condition)[0]), include=[])["ids"]

    def drop(self) -> None:
        self.vectorstore.delete_collection()

    def _where(self, tokens: Tokens) -> dict[str, Any] | None:
        if tokens == EVERYTHING:
            return None
        if tokens == NOTHING:
            return {TOKENS: {"$contains": ""}}
        if isinstance(tokens, (AllOf, AnyOf)):
            return {"$and" if isinstance(tokens, AllOf) else "$or": [self._where(part) for part in tokens.operands]}
        return {TOKENS: {"$contains" if isinstance(tokens, Has) else "$not_contains": tokens.token}}


class Qdrant(Partner):
    """`langchain_qdrant.QdrantVectorStore`: its ids are UUIDs, so a document's key is made of its id."""

    tokens = True

    def distances(self) -> Sequence[Distance]:
        known: dict[str, Distance] = {"Cosine": "cosine", "Dot": "dot", "Euclid": "euclidean", "Manhattan": "manhattan"}
        return (known[str(self.vectorstore.distance.value)],)

    def keys_of(self, ids: Sequence[str]) -> list[str]:
        return [str(uuid.uuid5(_NAMESPACE, id_)) for id_ in ids]

    def nearest(
        self, vector: list[float], k: int, distance: Distance, condition: Filter | None
    ) -> tuple[list[Document], bool]:
        tokens, exact = to_tokens(condition)
        with self._vectors.handed([_QUERY], [vector]):
            return self.vectorstore.similarity_search(_QUERY, k=k, filter=self._filter(tokens)), exact

    def keys(self, condition: Filter | None) -> list[str]:
        found: list[str] = []
        offset: Any = None
        while True:
            points, offset = self.vectorstore.client.scroll(
                self.vectorstore.collection_name,
                self._filter(to_tokens(condition)[0]),
                limit=_PAGE,
                offset=offset,
                with_payload=False,
            )
            found += [point.id for point in points]
            if offset is None:
                return found

    def drop(self) -> None:
        self.vectorstore.client.delete_collection(self.vectorstore.collection_name)

    def _filter(self, tokens: Tokens) -> Any:
        from qdrant_client import models  # there where its vector store is

        if tokens == EVERYTHING:
            return None
        if tokens == NOTHING:
            return models.Filter(must=[models.HasIdCondition(has_id=[])])
        if isinstance(tokens, AllOf):
            return models.Filter(must=[self._filter(part) for part in tokens.operands])
        if isinstance(tokens, AnyOf):
            return models.Filter(should=[self._filter(part) for part in tokens.operands])
        key = f"{self.vectorstore.metadata_payload_key}.{TOKENS}"
        has = models.FieldCondition(key=key, match=models.MatchValue(value=tokens.token))
        return models.Filter(must=[has]) if isinstance(tokens, Has) else models.Filter(must_not=[has])


_NAMESPACE = uuid.UUID("8a1de0f7-6c57-5d0e-9d5c-4f0f6f1f2f0b")
_PAGE = 10_000
_PARTNERS: dict[str, type[Partner]] = {
    "langchain_core.vectorstores.in_memory.InMemoryVectorStore": InMemory,
    "langchain_chroma.vectorstores.Chroma": Chroma,
    "langchain_qdrant.qdrant.QdrantVectorStore": Qdrant,
}


def partner_of(vectorstore: VectorStore, vectors: Any) -> Partner:
    """The partner that this vector store is, also as a subclass."""
    for base in type(vectorstore).__mro__:
        if found := _PARTNERS.get(f"{base.__module__}.{base.__qualname__}"):
            return found(vectorstore, vectors)
    return Partner(vectorstore, vectors)
