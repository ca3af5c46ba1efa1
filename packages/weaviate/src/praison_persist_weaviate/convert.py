"""Collections and documents as Weaviate's collections and objects, and back; names, ids, scores. No I/O.

Properties of an object::

    doc_id, content, content_hash, created_at    the document's fields; content is what keyword search reads
    metadata    the metadata as JSON text
    words       what filters ask for, see `words`, and which write brought the object
    numbers0 …  lists of numbers, see `words`

An object's own id is derived from the document's: Weaviate takes UUIDs only.
"""

from __future__ import annotations

import hashlib
import math
import re
import uuid
from collections.abc import Mapping
from typing import Any, cast

from weaviate.classes.config import Configure, DataType, Property, Tokenization, VectorDistances
from weaviate.classes.data import DataObject

from praison_persist.errors import SerializationError, UnsupportedError
from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance, from_distance

from .words import LISTS, numbers_of, words_of

__all__ = [
    "CLAIMS",
    "DOCUMENT",
    "claim_key",
    "claims_schema",
    "describe",
    "description",
    "name_of",
    "schema",
    "to_document",
    "to_name",
    "to_object",
    "to_score",
    "to_uuid",
    "write_word",
]

DOCUMENT = ["doc_id", "content", "content_hash", "created_at", "metadata"]
"""The properties of a document."""

CLAIMS = "Praison_persist_claims__u0"
"""Where writers claim ids; `to_name` never gives this name."""

_METRICS: Mapping[Distance, VectorDistances] = {
    "cosine": VectorDistances.COSINE,
    "dot": VectorDistances.DOT,
    "euclidean": VectorDistances.L2_SQUARED,
    "manhattan": VectorDistances.MANHATTAN,
}
_KIND = "praison-persist"
_OBJECTS = uuid.UUID("0e1f7d0a-5d0c-5b0b-9d6a-8e2a2d3f6c11")
_CASE = re.compile(r"__u[0-9a-f]+$")
_LIST: dict[str, Any] = {"data_type": DataType.TEXT_ARRAY, "tokenization": Tokenization.FIELD}


def to_name(name: str) -> str:
    """The name in Weaviate, which begins with a capital and does not tell capitals from small letters otherwise.

    Which letters were capitals is told at the end, where that is needed.
    """
    lower = name.lower()
    if lower != name or lower.startswith("_") or _CASE.search(name):
        lower += f"__u{sum(1 << place for place, letter in enumerate(name) if letter.isupper()):x}"
    return f"X{lower}" if lower.startswith("_") else lower[0].upper() + lower[1:]


def description(full: str, info: CollectionInfo) -> str:
    """What Weaviate keeps for us with the collection; another text for each creation."""
    kept = [_KIND, uuid.uuid4().hex, full, info.dimension, info.distance, info.metadata]
    return encode(kept, "collection metadata")


def name_of(text: str | None) -> str | None:
    """The full name of a collection by its description; None for another program's."""
    kept = _decoded(text)
    return None if kept is None else kept[2]


def describe(name: str, text: str | None) -> CollectionInfo:
    """The collection behind its description.

    Raises:
        UnsupportedError: another program made it.
    """
    kept = _decoded(text)
    if kept is None:
        raise UnsupportedError(
            f"collection {name!r} was made by another program, and its objects have another form",
            hint="use another collection_prefix",
        )
    _, _, _, dimension, distance, metadata = kept
    return CollectionInfo(name, dimension, distance, metadata)


def schema(text: str, info: CollectionInfo, index: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that create a collection with this description.

    Args:
        index: options of the HNSW index, as `Configure.VectorIndex.hnsw` names them.
    """
    hnsw = Configure.VectorIndex.hnsw(distance_metric=_METRICS[info.distance], **index)
    return {
        "description": text,
        "vector_config": Configure.Vectors.self_provided(vector_index_config=hnsw),
        "properties": [
            _kept("doc_id", DataType.TEXT),
            Property(name="content", data_type=DataType.TEXT, index_filterable=False, index_searchable=True),
            _kept("content_hash", DataType.TEXT),
            _kept("created_at", DataType.NUMBER),
            _kept("metadata", DataType.TEXT),
            Property(name="words", index_filterable=True, index_searchable=False, **_LIST),
            *(Property(name=name, data_type=DataType.NUMBER_ARRAY) for name in LISTS),
        ],
    }


def claims_schema() -> dict[str, Any]:
    """Arguments that create the collection of claims, see `claims`."""
    return {
        "description": "Who is inserting which ids; belongs to praison-persist",
        "vector_config": Configure.Vectors.self_provided(vector_index_config=Configure.VectorIndex.flat()),
        "properties": [
            Property(name="keys", index_filterable=True, index_searchable=False, **_LIST),
            _kept("seconds", DataType.NUMBER),
        ],
    }


def to_uuid(id_: str) -> str:
    """The object's id of a document: the UUID of version 5, always the same one."""
    digits = hashlib.sha1(_OBJECTS.bytes + id_.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def claim_key(text: str, id_: str) -> str:
    """What a claim on a document names; ``text`` is the collection's description."""
    return hashlib.blake2b(f"{text}/{id_}".encode(), digest_size=16).hexdigest()


def write_word(write: str) -> str:
    """The word of all objects that a write brought."""
    return f"by {write}"


def to_object(document: KnowledgeDocument, write: str) -> DataObject[Any, Any]:
    """The object of a checked document; ``write`` names the write that brings it."""
    words = words_of(document.metadata)
    properties: dict[str, Any] = {
        "doc_id": document.id,
        "content": encode_text(document.content),
        "content_hash": document.content_hash,
        "created_at": float(document.created_at),
        "metadata": None if document.metadata is None else encode(document.metadata),
        "words": [write_word(write), *words],
        **numbers_of(words),
    }
    kept = {name: value for name, value in properties.items() if value is not None}
    return DataObject(properties=kept, uuid=to_uuid(document.id), vector=cast("list[float]", document.embedding))


def to_document(found: Any, *, score: float | None = None) -> KnowledgeDocument:
    """The document of an object, with its embedding where that was read."""
    properties: dict[str, Any] = found.properties
    metadata = properties.get("metadata")
    return KnowledgeDocument(
        id=properties["doc_id"],
        content=cast("str", decode_text(properties.get("content") or "")),
        embedding=found.vector.get("default"),
        metadata=None if metadata is None else decode(metadata, "document"),
        content_hash=properties.get("content_hash"),
        created_at=properties["created_at"],
        score=score,
    )


def to_score(distance: Distance, value: float) -> float:
    """The contract's score for Weaviate's distance: a square for euclidean."""
    if distance == "cosine":
        return min(1.0, max(-1.0, 1.0 - value))
    return from_distance(distance, math.sqrt(max(value, 0.0)) if distance == "euclidean" else value)


def _kept(name: str, type_: DataType) -> Property:
    """A property that is read and not searched."""
    searchable = False if type_ is DataType.TEXT else None
    return Property(name=name, data_type=type_, index_filterable=False, index_searchable=searchable)


def _decoded(text: str | None) -> list[Any] | None:
    try:
        kept: Any = decode(text or "", "collection")
    except (SerializationError, ValueError):
        return None
    return kept if isinstance(kept, list) and len(kept) == 6 and kept[0] == _KIND else None
