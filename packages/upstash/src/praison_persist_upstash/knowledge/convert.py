"""Collections and documents as Upstash's namespaces and vectors, and back; ids, scores. No I/O.

A vector's ``data`` is the document's content, and its metadata::

    praison_persist    marks this layout; the value tells one write from another
    doc_id, content_hash, created_at    the document's fields; doc_id only where the vector has another id
    metadata    the metadata as JSON text; absent for None
    facts, min..., max...    what filters ask for, see `praison_persist.facets`

A collection has one more vector, `COLLECTION`, whose data is the collection's metadata. PraisonAI's own vectors have
no mark, and hold the metadata flat beside content, content_hash and created_at; they are read as well.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple, cast

from praison_persist.errors import InvalidInputError
from praison_persist.facets import facets_of
from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance, from_distance

__all__ = [
    "COLLECTION",
    "MARK",
    "METRICS",
    "Record",
    "collection_metadata",
    "collection_record",
    "mark_of",
    "to_document",
    "to_record",
    "to_record_id",
    "to_score",
    "write_of",
]

COLLECTION = "~collection"
"""Id of the vector that says that a namespace is a collection; no document's, see `to_record_id`."""

MARK = "praison_persist"
METRICS: Mapping[str, Distance] = {"COSINE": "cosine", "DOT_PRODUCT": "dot", "EUCLIDEAN": "euclidean"}
_FIELDS = ("content", "content_hash", "created_at")
_METADATA_BYTES = 48_000
_DATA_BYTES = 2**20
_NUMBER_BYTES = 25


class Record(NamedTuple):
    """A vector to be written.

    Attributes:
        body: as the client takes it.
        size: bytes of its JSON at most.
    """

    body: dict[str, Any]
    size: int


def collection_record(info: CollectionInfo, write: str) -> Record:
    """The vector of a collection.

    Raises:
        InvalidInputError: its metadata is more than a vector's data holds.
    """
    data = encode(info.metadata, "collection metadata")
    vector = [1.0] + [0.0] * (info.dimension - 1)
    return _record(COLLECTION, vector, {MARK: write}, data, "the collection")


def collection_metadata(record: Any) -> Any:
    """The metadata of the collection whose vector this is."""
    return decode(record.data, "collection")


def to_record_id(document_id: str) -> str:
    """The vector's id of a document: itself where it is printable ASCII, else a digest."""
    if document_id.isascii() and document_id.isprintable() and document_id[0] != "~":
        return document_id
    return f"~{blake2b(document_id.encode(errors='surrogatepass'), digest_size=20).hexdigest()}"


def write_of(documents: Sequence[KnowledgeDocument]) -> str:
    """The mark of the write that brings these documents; the same documents have the same."""
    digest = blake2b(digest_size=12)
    for one in documents:
        fields = (one.id, one.content, one.metadata, one.content_hash, one.created_at)
        digest.update(repr(fields).encode(errors="surrogatepass"))
        digest.update(array("f", one.embedding or ()).tobytes())
    return digest.hexdigest()


def to_record(document: KnowledgeDocument, write: str) -> Record:
    """The vector of a checked document.

    Raises:
        InvalidInputError: content or metadata are more than a vector holds.
    """
    record_id = to_record_id(document.id)
    metadata: dict[str, Any] = {
        MARK: write,
        "created_at": float(document.created_at),
        **facets_of(document.metadata),
    }
    if record_id != document.id:
        metadata["doc_id"] = encode_text(document.id)
    if document.content_hash is not None:
        metadata["content_hash"] = document.content_hash
    if document.metadata is not None:
        metadata["metadata"] = encode(document.metadata)
    data = cast("str", encode_text(document.content))
    return _record(record_id, document.embedding or [], metadata, data, f"document {document.id!r}")


def mark_of(record: Any) -> Any:
    """Which write brought a vector."""
    return (record.metadata or {}).get(MARK)


def to_document(record: Any, *, whole: bool = False, score: float | None = None) -> KnowledgeDocument:
    """The document of a vector of either layout; with its embedding when it is asked for ``whole``."""
    fields: dict[str, Any] = record.metadata or {}
    embedding = [float(value) for value in record.vector] if whole else None
    if MARK not in fields:
        rest = {key: value for key, value in fields.items() if key not in _FIELDS}
        return KnowledgeDocument(
            id=record.id,
            content=str(fields.get("content", record.data or "")),
            embedding=embedding,
            metadata=rest or None,
            content_hash=fields.get("content_hash"),
            created_at=fields.get("created_at", 0.0),
            score=score,
        )
    text, id_ = fields.get("metadata"), fields.get("doc_id")
    return KnowledgeDocument(
        id=record.id if id_ is None else cast("str", decode_text(id_)),
        content=cast("str", decode_text(record.data or "")),
        embedding=embedding,
        metadata=None if text is None else decode(text, "document"),
        content_hash=fields.get("content_hash"),
        created_at=float(fields["created_at"]),
        score=score,
    )


def to_score(distance: Distance, value: float) -> float:
    """The contract's score for Upstash's, which is ``(1 + cosine) / 2``, ``(1 + dot) / 2`` or ``1 / (1 + d * d)``."""
    if distance != "euclidean":
        plain = 2.0 * value - 1.0
        return min(1.0, max(-1.0, plain)) if distance == "cosine" else plain
    return from_distance(distance, math.sqrt(max(1.0 / value - 1.0, 0.0)) if value > 0.0 else math.inf)


def _record(id_: str, vector: list[float], metadata: dict[str, Any], data: str, what: str) -> Record:
    kept, content = len(encode(metadata).encode()), len(data.encode())
    if kept > _METADATA_BYTES:
        raise InvalidInputError(
            f"{what} takes {kept} bytes of metadata in Upstash, which keeps {_METADATA_BYTES} of a vector",
            hint="keep less metadata",
        )
    if content > _DATA_BYTES:
        raise InvalidInputError(
            f"{what} has {content} bytes of text, and Upstash keeps {_DATA_BYTES} of a vector",
            hint="split it into smaller documents",
        )
    body = {"id": id_, "vector": vector, "metadata": metadata, "data": data}
    return Record(body, kept + 2 * content + _NUMBER_BYTES * len(vector) + 2 * len(id_) + 64)
