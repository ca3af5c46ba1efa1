"""Reading records: the nearest ones, pages of ids, exact scores. Steps over a collection of either client."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from praison_persist.adapting.chroma import Where, chroma_score
from praison_persist.filters import Filter, matches
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.overfetch import overfetch
from praison_persist.scores import score
from praison_persist.steps import Steps

from .convert import to_document

__all__ = ["fetch", "ids", "matching_ids", "nearest", "scored", "with_lists"]


def nearest(
    collection: Any,
    info: CollectionInfo,
    vector: Sequence[float],
    limit: int,
    condition: Filter | None,
    where: Where | None,
) -> Steps[tuple[list[KnowledgeDocument], set[str]]]:
    """The nearest matching documents that the index finds, and the ids of all that it was asked for."""
    seen: set[str] = set()

    def ask(size: int) -> Steps[tuple[list[KnowledgeDocument], bool]]:
        answer = yield collection.query(
            query_embeddings=[vector], n_results=size, where=where, include=["documents", "metadatas", "distances"]
        )
        found = answer["ids"][0]
        seen.update(found)
        documents = [
            to_document(id_, content, metadata, score=chroma_score(info.distance, float(distance)))
            for id_, content, metadata, distance in zip(
                found, answer["documents"][0], answer["metadatas"][0], answer["distances"][0], strict=True
            )
        ]
        return [document for document in documents if matches(condition, document.metadata)], len(found) == size

    documents = yield from overfetch(ask, limit, first=limit, most=sys.maxsize)
    return documents, seen


def fetch(collection: Any, wanted: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
    """The documents that exist, whole."""
    answer = yield collection.get(ids=list(wanted), include=["documents", "metadatas", "embeddings"])
    return [
        to_document(*record)
        for record in zip(answer["ids"], answer["documents"], answer["metadatas"], answer["embeddings"], strict=True)
    ]


def scored(
    collection: Any, info: CollectionInfo, vector: Sequence[float], wanted: Sequence[str], condition: Filter | None
) -> Steps[list[KnowledgeDocument]]:
    """Those of the documents that match, with exact scores and without embeddings."""
    found = yield from fetch(collection, wanted)
    documents = [document for document in found if matches(condition, document.metadata)]
    for document in documents:
        document.score = score(info.distance, document.embedding or (), vector)
        document.embedding = None
    return documents


def ids(collection: Any, where: Where | None, size: int, among: Sequence[str] | None = None) -> Steps[list[str]]:
    """The ids of the records that satisfy Chroma's filter, read ``size`` at a time."""
    found: list[str] = []
    if among is not None:
        return (yield collection.get(ids=list(among), where=where, include=[]))["ids"] if among else found
    while True:
        page = (yield collection.get(where=where, limit=size, offset=len(found), include=[]))["ids"]
        found += page
        if len(page) < size:
            return found


def matching_ids(
    collection: Any, where: Where | None, size: int, condition: Filter | None, among: Sequence[str] | None = None
) -> Steps[list[str]]:
    """The ids of the documents that match, where Chroma's filter lets others through."""
    found: list[str] = []
    offset = 0
    while among is None or (among and not offset):
        place: dict[str, Any] = {"limit": size, "offset": offset} if among is None else {"ids": list(among)}
        answer = yield collection.get(where=where, include=["metadatas"], **place)
        for id_, metadata in zip(answer["ids"], answer["metadatas"], strict=True):
            if matches(condition, to_document(id_, None, metadata).metadata):
                found.append(id_)
        offset += size
        if len(answer["ids"]) < size:
            break
    return found


def with_lists(collection: Any, size: int) -> Steps[list[str]]:
    """The ids of the records whose metadata holds a list."""
    found: list[str] = []
    offset = 0
    while True:
        page = yield collection.get(include=["metadatas"], limit=size, offset=offset)
        for id_, metadata in zip(page["ids"], page["metadatas"], strict=True):
            if any(isinstance(value, list) for value in (metadata or {}).values()):
                found.append(id_)
        offset += size
        if len(page["ids"]) < size:
            return found
