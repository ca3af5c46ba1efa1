"""Documents as Qdrant points and back: ids, vectors, payload. No I/O.

Payload of a point::

    doc_id, content, content_hash, created_at    the document's fields, named as PraisonAI names them
    metadata         in the form that Qdrant holds and compares (see core's `qdrant_values`); absent for None
    exact            JSON text of created_at and metadata, only where one of them had to take another form
    norm             length of the vector under cosine, which Qdrant keeps at length 1
    praison_persist  marks this layout; the value tells one write from another

PraisonAI's own payload has no mark and holds the metadata flat between the fields; it is read as well.
"""

from __future__ import annotations

import hashlib
import math
import uuid
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, cast

from qdrant_client import models

from praison_persist.adapting.qdrant_values import comparable, comparable_number
from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance

__all__ = [
    "DISTANCES",
    "MARK",
    "collection_metadata",
    "describe",
    "direction",
    "to_document",
    "to_point",
    "to_point_id",
]

MARK = "praison_persist"
FORMAT = 1
_SHORTEST, _LONGEST = 1e-3, 1e15

DISTANCES: Mapping[Distance, models.Distance] = {
    "cosine": models.Distance.COSINE,
    "dot": models.Distance.DOT,
    "euclidean": models.Distance.EUCLID,
    "manhattan": models.Distance.MANHATTAN,
}

_FIELDS = ("doc_id", "content", "content_hash", "created_at")
_POINTS = uuid.UUID("6f0d1f3c-9a63-5c1e-8f0b-4a7c1c2d9e55")


def collection_metadata(info: CollectionInfo) -> dict[str, Any]:
    """What Qdrant keeps for us with the collection; exact, since the caller's mapping goes in as text."""
    kept = None if info.metadata is None else encode(info.metadata, "collection metadata")
    return {MARK: {"format": FORMAT, "metadata": kept}}


def describe(name: str, params: models.VectorParams, metadata: Mapping[str, Any] | None) -> tuple[CollectionInfo, bool]:
    """The collection behind Qdrant's own description of it, and whether this package created it."""
    distance: Distance = next(ours for ours, theirs in DISTANCES.items() if theirs == params.distance)
    mark = (metadata or {}).get(MARK)
    if not isinstance(mark, Mapping):
        return CollectionInfo(name, params.size, distance, dict(metadata) if metadata else None), False
    text = cast("Mapping[str, Any]", mark).get("metadata")
    return CollectionInfo(name, params.size, distance, None if text is None else decode(text)), True


def to_point_id(document_id: str) -> str:
    """Qdrant takes integers and UUIDs only: the document id's UUID of version 5, always the same one."""
    digits = hashlib.sha1(_POINTS.bytes + document_id.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def to_point(document: KnowledgeDocument, distance: Distance, write: str) -> models.PointStruct:
    """The point of a checked document; ``write`` names the write that brings it."""
    vector: Sequence[float] = document.embedding or ()
    created_at = float(document.created_at)
    payload: dict[str, Any] = {
        "doc_id": document.id,
        "content": encode_text(document.content),
        "content_hash": document.content_hash,
        "created_at": comparable_number(created_at),
        MARK: write,
    }
    if document.metadata is not None:
        payload["metadata"] = comparable(document.metadata)
    if payload.get("metadata") is not document.metadata or payload["created_at"] != created_at:
        payload["exact"] = encode({"created_at": created_at, "metadata": document.metadata})
    if distance == "cosine":
        vector, payload["norm"] = direction(vector)
    # The document was checked, and validating 1,000 numbers one by one costs more than sending them.
    return models.PointStruct.model_construct(id=to_point_id(document.id), vector=vector, payload=payload)


def direction(vector: Sequence[float]) -> tuple[Sequence[float], float]:
    """A vector whose direction Qdrant can compute, and its true length.

    Qdrant divides by the length itself, but adds up squares in float32: very long and very short vectors are brought
    to length 1 here.
    """
    norm = math.hypot(*vector)
    return (vector if _SHORTEST < norm < _LONGEST else [number / norm for number in vector]), norm


def to_document(
    point: models.Record | models.ScoredPoint, *, whole: bool = False, score: float | None = None
) -> KnowledgeDocument:
    """The document of a point of either layout; with its embedding when it is asked for ``whole``."""
    payload: dict[str, Any] = point.payload or {}
    embedding: list[float] | None = cast("list[float]", point.vector) if whole else None
    if MARK not in payload:
        rest = {key: value for key, value in payload.items() if key not in _FIELDS}
        return KnowledgeDocument(
            id=str(payload.get("doc_id", point.id)),
            content=str(payload.get("content", "")),
            embedding=embedding,
            metadata=rest or None,
            content_hash=payload.get("content_hash"),
            created_at=payload.get("created_at", 0.0),
            score=score,
        )
    if embedding is not None and (norm := payload.get("norm")) is not None:
        embedding = _restored(embedding, norm)
    exact = decode(payload["exact"], "document") if "exact" in payload else payload
    return KnowledgeDocument(
        id=payload["doc_id"],
        content=cast(str, decode_text(payload["content"])),
        embedding=embedding,
        metadata=exact.get("metadata"),
        content_hash=payload["content_hash"],
        created_at=exact["created_at"],
        score=score,
    )


def _restored(unit: Sequence[float], norm: float) -> list[float]:
    """A vector of its length before `direction`, rounded to the float32 that it was given as, where none overflows."""
    numbers = [number * norm for number in unit]
    return array("f", numbers).tolist() if norm < 1e38 else numbers
