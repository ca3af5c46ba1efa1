"""Documents as SurrealDB records and back. No I/O.

A record of a collection's table, with the document's id as its own::

    content, content_hash, created_at, embedding    as PraisonAI names them
    metadata    in the form that filters compare (see `values.comparable`); absent for None
    exact       JSON text of the metadata, only where that form is another one
"""

from __future__ import annotations

from typing import Any, cast

from surrealdb import RecordID

from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance, from_distance

from ..values import comparable, restored, stored

__all__ = ["MEASURES", "from_collection", "to_collection", "to_document", "to_row", "to_score"]

MEASURES: dict[Distance, tuple[str, str]] = {
    "cosine": ("vector::similarity::cosine", "DESC"),
    "dot": ("vector::dot", "DESC"),
    "euclidean": ("vector::distance::euclidean", "ASC"),
    "manhattan": ("vector::distance::manhattan", "ASC"),
}
"""The engine's function of two vectors, and its order with the nearest first."""


def to_collection(info: CollectionInfo) -> dict[str, Any]:
    """What is kept of a collection beside its table."""
    return {
        "dimension": info.dimension,
        "distance": info.distance,
        "metadata": stored(None if info.metadata is None else dict(info.metadata), "collection metadata"),
    }


def from_collection(name: str, row: dict[str, Any]) -> CollectionInfo:
    """The collection that was kept so."""
    return CollectionInfo(name, row["dimension"], row["distance"], restored(row.get("metadata")))


def to_row(table: str, document: KnowledgeDocument) -> dict[str, Any]:
    """The record of a checked document."""
    row: dict[str, Any] = {
        "id": RecordID(table, document.id),
        "content": encode_text(document.content),
        "content_hash": document.content_hash if document.content_hash is None else encode_text(document.content_hash),
        "created_at": document.created_at,
        "embedding": document.embedding,
    }
    if document.metadata is not None:
        row["metadata"] = comparable(document.metadata)
        if row["metadata"] is not document.metadata:
            row["exact"] = encode(document.metadata, "metadata")
    return row


def to_document(row: dict[str, Any], score: float | None = None) -> KnowledgeDocument:
    """The document of a record, also of PraisonAI's."""
    return KnowledgeDocument(
        id=str(row["id"].id),
        content=cast(str, decode_text(row.get("content") or "")),
        embedding=row.get("embedding"),
        metadata=decode(row["exact"]) if "exact" in row else row.get("metadata"),
        content_hash=cast("str | None", decode_text(row.get("content_hash"))),
        created_at=row.get("created_at") or 0.0,
        score=score,
    )


def to_score(distance: Distance, value: float) -> float:
    """The contract's score for what the engine's function gave."""
    if distance == "cosine":
        return min(1.0, max(-1.0, value))
    return value if distance == "dot" else from_distance(distance, value)
