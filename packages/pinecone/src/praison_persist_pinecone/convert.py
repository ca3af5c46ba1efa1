"""Collections and documents as Pinecone's indexes and records, and back; names, ids, scores. No I/O.

Metadata of a record::

    doc_id, content, content_hash, created_at    the document's fields; doc_id only where the record has another id
    metadata    the metadata as JSON text; absent for None
    zero        the embedding is all zeros, which Pinecone refuses
    facts, min..., max...    what filters ask for, see `facets`
    praison_persist          marks this layout; the value tells one write from another

PraisonAI's own records have no mark and hold the metadata flat beside content, content_hash and created_at; they are
read as well.
"""

from __future__ import annotations

import hashlib
import math
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from praison_persist.errors import InvalidInputError, UnsupportedError
from praison_persist.facets import facets_of
from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance, from_distance

__all__ = [
    "MARK",
    "Record",
    "describe",
    "index_name",
    "name_of",
    "schema",
    "tags",
    "to_document",
    "to_record",
    "to_record_id",
    "to_score",
]

MARK = "praison_persist"
_METRICS: Mapping[Distance, str] = {"cosine": "cosine", "dot": "dotproduct", "euclidean": "euclidean"}
_TAG = "praison-persist-"
_MOST_TAGS, _LONGEST_TAG = 20, 120
_METADATA_BYTES = 40 * 1024
_PLAIN = re.compile(r"[a-z0-9]{1,45}")
_FIELDS = ("content", "content_hash", "created_at")
_NEARLY_ZERO = 1e-30
_NUMBER_BYTES = 25


def index_name(name: str) -> str:
    """The index's name of a collection, with its prefix: itself where Pinecone takes it, else with a digest.

    Pinecone takes 45 small letters, digits and hyphens.
    """
    if _PLAIN.fullmatch(name):
        return name
    readable = re.sub("[^a-z0-9]+", "-", name.lower())[:24].strip("-") or "c"
    return f"{readable}-{hashlib.blake2b(name.encode(), digest_size=8).hexdigest()}"


def schema(info: CollectionInfo) -> dict[str, Any]:
    """The schema of a collection's index: one dense vector under the name that the vectors API addresses."""
    return {
        "fields": {"_values": {"type": "dense_vector", "dimension": info.dimension, "metric": _METRICS[info.distance]}}
    }


def tags(full: str, info: CollectionInfo) -> dict[str, str]:
    """What Pinecone keeps for us with the index, in the letters that tags may have.

    Args:
        full: the collection's name with its prefix.

    Raises:
        InvalidInputError: more than tags hold.
    """
    text = encode([full, info.metadata], "collection metadata")
    coded = urlsafe_b64encode(text.encode()).decode().rstrip("=")
    parts = [coded[start : start + _LONGEST_TAG] for start in range(0, len(coded), _LONGEST_TAG)]
    if len(parts) > _MOST_TAGS:
        raise InvalidInputError(
            f"collection metadata has {len(text)} bytes, more than the tags of an index hold",
            hint=f"about {_MOST_TAGS * _LONGEST_TAG * 3 // 4} bytes of JSON text fit",
        )
    return {f"{_TAG}{place:02}": part for place, part in enumerate(parts)}


def name_of(index: Any) -> str | None:
    """The collection's name, with its prefix, of an index; None for another program's."""
    kept = _kept(index)
    return None if kept is None else kept[0]


def describe(name: str, index: Any) -> tuple[CollectionInfo, bool]:
    """The collection behind an index of Pinecone, and whether this package made it.

    Raises:
        UnsupportedError: the index has not one dense vector.
    """
    vectors = [field for field in index.schema.fields.values() if getattr(field, "dimension", None) is not None]
    if len(vectors) != 1:
        raise UnsupportedError(
            f"index {index.name!r} has {len(vectors)} dense vectors", hint="this store works with indexes of one"
        )
    distance: Distance = next(ours for ours, theirs in _METRICS.items() if theirs == vectors[0].metric)
    kept = _kept(index)
    metadata = None if kept is None else kept[1]
    return CollectionInfo(name, vectors[0].dimension, distance, metadata), kept is not None


def to_record_id(document_id: str) -> str:
    """The record's id of a document: itself where Pinecone takes it, which takes printable ASCII, else a digest."""
    if document_id.isascii() and document_id.isprintable() and document_id[0] != "~":
        return document_id
    return f"~{hashlib.blake2b(document_id.encode(), digest_size=20).hexdigest()}"


class Record(NamedTuple):
    """A record to be written.

    Attributes:
        body: as the client takes it.
        size: bytes of its JSON at most.
    """

    body: dict[str, Any]
    size: int


def to_record(document: KnowledgeDocument, write: str) -> Record:
    """The record of a checked document; ``write`` names the write that brings it.

    Raises:
        InvalidInputError: content and metadata are more than a record holds.
    """
    record_id, values = to_record_id(document.id), document.embedding or []
    metadata: dict[str, Any] = {
        MARK: write,
        "content": encode_text(document.content),
        "created_at": float(document.created_at),
        **facets_of(document.metadata),
    }
    if record_id != document.id:
        metadata["doc_id"] = document.id
    if document.content_hash is not None:
        metadata["content_hash"] = document.content_hash
    if document.metadata is not None:
        metadata["metadata"] = encode(document.metadata)
    if not any(values):
        metadata["zero"], values = True, [_NEARLY_ZERO, *values[1:]]
    size = len(encode(metadata).encode())
    if size > _METADATA_BYTES:
        raise InvalidInputError(
            f"document {document.id!r} takes {size} bytes in Pinecone, which keeps {_METADATA_BYTES} of a record",
            hint="split the content into smaller documents, or keep less metadata",
        )
    body = {"id": record_id, "values": values, "metadata": metadata}
    return Record(body, size + _NUMBER_BYTES * len(values) + 2 * len(record_id) + 64)


def to_document(record: Any, *, whole: bool = False, score: float | None = None) -> KnowledgeDocument:
    """The document of a record of either layout; with its embedding when it is asked for ``whole``."""
    fields: dict[str, Any] = record.metadata or {}
    embedding: list[float] | None = [float(value) for value in record.values] if whole else None
    if MARK not in fields:
        rest = {key: value for key, value in fields.items() if key not in _FIELDS}
        return KnowledgeDocument(
            id=record.id,
            content=str(fields.get("content", "")),
            embedding=embedding,
            metadata=rest or None,
            content_hash=fields.get("content_hash"),
            created_at=fields.get("created_at", 0.0),
            score=score,
        )
    if embedding is not None and fields.get("zero"):
        embedding[0] = 0.0
    text = fields.get("metadata")
    return KnowledgeDocument(
        id=fields.get("doc_id", record.id),
        content=cast("str", decode_text(fields["content"])),
        embedding=embedding,
        metadata=None if text is None else decode(text, "document"),
        content_hash=fields.get("content_hash"),
        created_at=float(fields["created_at"]),
        score=score,
    )


def to_score(distance: Distance, value: float) -> float:
    """The contract's score for Pinecone's: a square of the distance for euclidean."""
    if distance == "cosine":
        return min(1.0, max(-1.0, value))
    return value if distance == "dot" else from_distance(distance, math.sqrt(max(value, 0.0)))


def _kept(index: Any) -> list[Any] | None:
    """Name and metadata from the tags of an index; None where they are not ours."""
    ours = sorted((key, value) for key, value in (index.tags or {}).items() if key.startswith(_TAG))
    coded = "".join(value for _, value in ours)
    try:
        kept: Any = decode(urlsafe_b64decode(coded + "=" * (-len(coded) % 4)), "collection") if coded else None
    except ValueError:
        return None
    return kept if isinstance(kept, list) and len(kept) == 2 else None
