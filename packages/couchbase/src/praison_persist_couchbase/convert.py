"""Collections and documents as Couchbase's documents, and back; keys. No I/O.

All collections of a store are in one of Couchbase's. ``collection:NAME`` tells of one::

    praison_persist 1, dimension, distance, metadata (JSON text), part (starts the keys of its documents)

``PART:ID`` is a document of it, with the names of content and embedding as the store's options say::

    content, embedding, content_hash, created_at    of the document; doc_id only where the key has another id
    metadata    the metadata as JSON text; absent for None
    facets      what filters ask for, see `praison_persist.facets`
    write       tells one write from another
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from praison_persist.errors import InvalidInputError
from praison_persist.facets import facets_of
from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance, from_distance

from .filters import FACETS
from .location import Fields

__all__ = [
    "ENTRIES",
    "Body",
    "described",
    "entry_key",
    "entry_of",
    "metric",
    "part_of",
    "shown",
    "to_body",
    "to_document",
    "to_key",
    "to_score",
]

Body = dict[str, Any]

ENTRIES = "collection:"
"""Starts the keys of the entries of collections."""

_METRICS: Mapping[Distance, str] = {"cosine": "COSINE", "dot": "DOT", "euclidean": "L2"}
_LONGEST_ID = 200
_LARGEST = 20 * 1024 * 1024
_json = json.JSONEncoder(ensure_ascii=False).encode


def entry_key(full_name: str) -> str:
    """The key of a collection's entry, of the name with the store's prefix."""
    return ENTRIES + full_name


def entry_of(info: CollectionInfo, part: str) -> bytes:
    """The entry of a collection, as JSON; ``part`` starts the keys of its documents."""
    metadata = None if info.metadata is None else encode(info.metadata, "collection metadata")
    entry = {
        "praison_persist": 1,
        "dimension": info.dimension,
        "distance": info.distance,
        "metadata": metadata,
        "part": part,
    }
    return _json(entry).encode()


def part_of(entry: Body) -> str:
    """What starts the keys of a collection's documents."""
    return str(entry["part"])


def described(name: str, entry: Body) -> CollectionInfo:
    """The collection that an entry tells of."""
    text = entry["metadata"]
    metadata = None if text is None else decode(text, "collection")
    return CollectionInfo(name, entry["dimension"], cast("Distance", entry["distance"]), metadata)


def to_key(part: str, document_id: str) -> str:
    """The key of a document; a digest stands for an id that is longer than keys are."""
    if document_id[0] != "~" and len(document_id.encode()) <= _LONGEST_ID:
        return f"{part}:{document_id}"
    return f"{part}:~{hashlib.blake2b(document_id.encode(), digest_size=20).hexdigest()}"


def to_body(part: str, document: KnowledgeDocument, fields: Fields, write: str) -> tuple[str, bytes]:
    """Key and body, as JSON, of a checked document; ``write`` names the write that brings it.

    Raises:
        InvalidInputError: it is larger than Couchbase keeps.
    """
    key = to_key(part, document.id)
    body: Body = {
        "write": write,
        fields.text: encode_text(document.content),
        "content_hash": document.content_hash,
        "created_at": document.created_at,
        FACETS: facets_of(document.metadata),
    }
    if key != f"{part}:{document.id}":
        body["doc_id"] = document.id
    if document.metadata is not None:
        body["metadata"] = encode(document.metadata)
    vector = document.embedding or ()
    data = f"{_json(body)[:-1]},{_json(fields.vector)}:{_numbers(len(vector)) % (*vector,)}}}".encode()
    if len(data) > _LARGEST:
        raise InvalidInputError(
            f"document {document.id!r} takes {len(data)} bytes in Couchbase, which keeps {_LARGEST} of one",
            hint="split the content into smaller documents, or keep less metadata",
        )
    return key, data


@lru_cache(64)
def _numbers(count: int) -> str:
    """A format for finite numbers as JSON: 17 digits give every float back, and are made sooner than the shortest."""
    return f"[{','.join(['%.17g'] * count)}]"


def shown(fields: Fields) -> str:
    """The items of SELECT that `to_document` needs, without the embedding."""
    return (
        f"META(d).id AS `key`, d.doc_id AS doc_id, d.`{fields.text}` AS `{fields.text}`, d.metadata AS metadata, "
        "d.content_hash AS content_hash, d.created_at AS created_at"
    )


def to_document(key: str, body: Body, fields: Fields, *, score: float | None = None) -> KnowledgeDocument:
    """The document of a body, with its embedding where the body has it."""
    values, text = body.get(fields.vector), body.get("metadata")
    return KnowledgeDocument(
        id=body.get("doc_id") or key.partition(":")[2],
        content=cast("str", decode_text(body[fields.text])),
        embedding=None if values is None else [float(value) for value in values],
        metadata=None if text is None else decode(text, "document"),
        content_hash=body.get("content_hash"),
        created_at=body["created_at"],
        score=score,
    )


def metric(distance: Distance) -> str:
    """What SQL++ calls a distance."""
    return _METRICS[distance]


def to_score(distance: Distance, value: float) -> float:
    """The contract's score for what ``VECTOR_DISTANCE`` gives: ``1 - cosine``, ``-dot`` or the L2 length."""
    score = from_distance(distance, max(value, 0.0) if distance == "euclidean" else value)
    return min(1.0, max(-1.0, score)) if distance == "cosine" else score
