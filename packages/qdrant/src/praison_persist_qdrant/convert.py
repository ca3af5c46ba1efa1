"""Documents as Qdrant points and back: ids, vectors, payload. No I/O.

Payload of a point::

    doc_id, content, content_hash, created_at    the document's fields, named as PraisonAI names them
    metadata         the metadata, in the form that Qdrant can hold and compare (`comparable`); absent for None
    metadata_json    the exact metadata as JSON text, only where ``metadata`` had to differ from it
    norm             length of the vector under cosine, which Qdrant keeps at length 1
    praison_persist  marks this layout; the value tells one write from another

PraisonAI's own payload has no mark and holds the metadata flat between the fields; it is read as well.
"""

from __future__ import annotations

import math
import sys
import uuid
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, cast

from qdrant_client import models

from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance, from_distance

__all__ = [
    "DISTANCES",
    "MARK",
    "collection_metadata",
    "comparable",
    "comparable_key",
    "describe",
    "direction",
    "to_document",
    "to_point",
    "to_point_id",
    "to_score",
]

MARK = "praison_persist"
FORMAT = 1

DISTANCES: Mapping[Distance, models.Distance] = {
    "cosine": models.Distance.COSINE,
    "dot": models.Distance.DOT,
    "euclidean": models.Distance.EUCLID,
    "manhattan": models.Distance.MANHATTAN,
}

_FIELDS = ("doc_id", "content", "content_hash", "created_at")
_POINTS = uuid.UUID("6f0d1f3c-9a63-5c1e-8f0b-4a7c1c2d9e55")
_EXACT = 2**53  # from here on a double no longer holds every integer
_INT64 = 2**63


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
    """Qdrant takes integers and UUIDs only: the UUID of a document's id, always the same one."""
    return str(uuid.uuid5(_POINTS, document_id))


def to_point(document: KnowledgeDocument, distance: Distance, write: str) -> models.PointStruct:
    """The point of a checked document; ``write`` names the write that brings it."""
    vector = cast("list[float]", document.embedding)
    payload: dict[str, Any] = {
        "doc_id": document.id,
        "content": encode_text(document.content),
        "content_hash": document.content_hash,
        "created_at": float(document.created_at),
        MARK: write,
    }
    if document.metadata is not None:
        payload["metadata"] = comparable(document.metadata)
        if payload["metadata"] is not document.metadata:
            payload["metadata_json"] = encode(document.metadata, "metadata")
    if distance == "cosine":
        vector, payload["norm"] = direction(vector)
    # The document was checked, and validating 1,000 numbers one by one costs more than sending them.
    return models.PointStruct.model_construct(id=to_point_id(document.id), vector=vector, payload=payload)


def direction(vector: Sequence[float]) -> tuple[list[float], float]:
    """The vector at length 1, and its length; in double precision, which no float32 vector over- or underflows."""
    norm = math.hypot(*vector)
    return [number / norm for number in vector], norm


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
    text = payload.get("metadata_json")
    if embedding is not None and (norm := payload.get("norm")) is not None:
        embedding = _restored(embedding, norm)
    return KnowledgeDocument(
        id=payload["doc_id"],
        content=cast(str, decode_text(payload["content"])),
        embedding=embedding,
        metadata=payload.get("metadata") if text is None else decode(text, "metadata"),
        content_hash=payload["content_hash"],
        created_at=payload["created_at"],
        score=score,
    )


def _restored(unit: Sequence[float], norm: float) -> list[float]:
    """A vector of its length before `direction`, rounded to the float32 that it was given as, where none overflows."""
    numbers = [number * norm for number in unit]
    return array("f", numbers).tolist() if norm < 1e38 else numbers


def to_score(distance: Distance, value: float) -> float:
    """The contract's score for what Qdrant returns: a similarity for cosine and dot, a length for the others."""
    if distance == "cosine":
        return min(1.0, max(-1.0, value))
    return value if distance == "dot" else from_distance(distance, value)


def comparable(value: Any) -> Any:
    """The form of a metadata value that Qdrant holds exactly and compares rightly; the same object where it can be.

    - text with NUL or a lone surrogate becomes JSON text (`encode_text`), as keys with ``"`` are escaped;
    - integral floats from 2**53 to 2**63 become integers, which Qdrant matches exactly;
    - integers beyond 64 bit become floats that keep their order and equal what they equalled;
    - ``[]`` becomes ``{}``: neither has an element, but Qdrant takes a field with ``[]`` for an absent one.
    """
    if isinstance(value, str):
        return encode_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_INT64 <= value < _INT64 else _beyond(value)
    if isinstance(value, float):
        return int(value) if _EXACT <= abs(value) < _INT64 else value
    if isinstance(value, list):
        items = [(item, comparable(item)) for item in cast("list[Any]", value)]
        if not items:
            return {}
        return value if all(old is new for old, new in items) else [new for _, new in items]
    pairs = [(key, comparable_key(key), item, comparable(item)) for key, item in value.items()]
    if all(old_key is new_key and old is new for old_key, new_key, old, new in pairs):
        return value
    return {new_key: new for _, new_key, _, new in pairs}


def comparable_key(key: str) -> str:
    """The form of a key that can stand in a quoted Qdrant path; the same object for nearly every key."""
    text = cast(str, encode_text(key))
    if '"' not in text and "\x1f" not in text:
        return text
    return text.replace("\x1f", "\x1f1").replace('"', "\x1f2")


def _beyond(value: int) -> float:
    """The float equal to an integer beyond 64 bit; where there is none, the largest, which `filters` never asks for."""
    try:
        exact = float(value)
    except OverflowError:
        exact = 0.0
    return exact if exact == value else math.copysign(sys.float_info.max, value)
