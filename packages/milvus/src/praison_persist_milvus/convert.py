"""Collections and documents as Milvus's schemas and rows, and back; scores. No I/O.

A row::

    id        a digest of the document's id: an expression can hold it whatever the id is
    vector    the embedding
    content   the text in pieces, since a VARCHAR ends at 65,535 bytes
    exact     JSON text, in pieces likewise: id, metadata, content_hash, created_at, and which write brought it
    facts     digests of what is in the metadata, see `praison_persist.facets`
    bounds    the smallest and largest numbers there
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, cast

from pymilvus import CollectionSchema, DataType, FieldSchema

from praison_persist.errors import InvalidInputError, SerializationError, UnsupportedError
from praison_persist.facets import EVERY, FACTS, facets_of
from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance, from_distance

__all__ = [
    "DOCUMENT",
    "METRICS",
    "describe",
    "from_name",
    "key_of",
    "to_document",
    "to_name",
    "to_row",
    "to_schema",
    "to_score",
    "write_of",
]

METRICS: Mapping[Distance, str] = {"cosine": "COSINE", "dot": "IP", "euclidean": "L2"}

DOCUMENT = ["content", "exact"]
"""The fields of a document without its embedding."""

_KIND = "praison-persist"
_CAPACITY = 4096  # the most that Milvus takes in an array
_PLACES = 650  # of numbers: their bounds are at most 49 bytes each, and Milvus takes 65,536 bytes of JSON
_PIECE = 16_000  # characters of at most four bytes each
_VARCHAR = 65_535
_FACT = 16
_CASE = re.compile(r"__u([0-9a-f]+)$")


def to_name(name: str) -> str:
    """The name in Milvus, in small letters; which were capitals is told at the end, since Milvus Lite folds them."""
    lower = name.lower()
    if lower == name and not _CASE.search(name):
        return name
    return f"{lower}__u{sum(1 << place for place, letter in enumerate(name) if letter.isupper()):x}"


def from_name(native: str) -> str:
    """The name that `to_name` was given."""
    if (match := _CASE.search(native)) is None:
        return native
    capitals = int(match[1], 16)
    letters = native[: match.start()]
    return "".join(letter.upper() if capitals >> place & 1 else letter for place, letter in enumerate(letters))


def to_schema(info: CollectionInfo, mark: str) -> CollectionSchema:
    """The schema of a collection; ``mark`` tells one creation from another."""
    text: dict[str, Any] = {"dtype": DataType.ARRAY, "element_type": DataType.VARCHAR, "max_capacity": _CAPACITY}
    kept = [_KIND, mark, info.dimension, info.distance, info.metadata]
    return CollectionSchema(
        [
            FieldSchema("id", DataType.VARCHAR, is_primary=True, max_length=64),
            FieldSchema("vector", DataType.FLOAT_VECTOR, dim=info.dimension),
            FieldSchema("content", max_length=_VARCHAR, **text),
            FieldSchema("exact", max_length=_VARCHAR, **text),
            FieldSchema("facts", max_length=_FACT, **text),
            FieldSchema("bounds", DataType.JSON),
        ],
        description=encode(kept, "collection metadata"),
    )


def describe(name: str, description: str) -> tuple[CollectionInfo, str]:
    """What a collection's description tells, and the mark of its creation.

    Raises:
        UnsupportedError: another program made it.
    """
    try:
        kind, mark, dimension, distance, metadata = decode(description, "collection")
    except (SerializationError, ValueError, TypeError):
        kind = mark = dimension = distance = metadata = None
    if kind != _KIND:
        raise UnsupportedError(
            f"collection {name!r} was made by another program, and its documents have another form",
            hint="use another collection_prefix or db_name",
        )
    return CollectionInfo(name, cast("int", dimension), cast("Distance", distance), metadata), cast("str", mark)


def key_of(id_: str) -> str:
    """The primary key of a document."""
    return blake2b(id_.encode(), digest_size=32).hexdigest()


def to_row(document: KnowledgeDocument, write: str) -> dict[str, Any]:
    """The row of a document; ``write`` names the write that brings it.

    Raises:
        InvalidInputError: the metadata has more values than an array of Milvus.
    """
    bounds = facets_of(document.metadata)
    facts = bounds.pop(FACTS)
    facts.remove(EVERY)  # nothing asks for it, and the embedded engine takes long over each text in a list
    if len(facts) > _CAPACITY:
        raise InvalidInputError(
            f"document {document.id!r}: its metadata has {len(facts)} names and values; Milvus takes {_CAPACITY}"
        )
    if len(bounds) > 2 * _PLACES:
        raise InvalidInputError(
            f"document {document.id!r}: its metadata has numbers at {len(bounds) // 2} places; Milvus takes {_PLACES}"
        )
    exact = [document.id, document.metadata, document.content_hash, document.created_at, write]
    return {
        "id": key_of(document.id),
        "vector": document.embedding,
        "content": _pieces(cast("str", encode_text(document.content))),
        "exact": _pieces(encode(exact, "document")),
        "facts": facts,
        "bounds": bounds,
    }


def to_document(row: Mapping[str, Any], *, score: float | None = None) -> KnowledgeDocument:
    """The document of a row, with whatever of content and embedding was read."""
    id_, metadata, content_hash, created_at, _ = _exact(row)
    content = cast("str", decode_text("".join(row.get("content", ()))))
    vector = [float(number) for number in row["vector"]] if "vector" in row else None
    return KnowledgeDocument(id_, content, vector, metadata, content_hash, created_at, score)


def write_of(row: Mapping[str, Any]) -> str:
    """Which write brought the row."""
    return _exact(row)[4]


def to_score(distance: Distance, value: float) -> float:
    """The contract's score for what Milvus calls distance: cosine and product as such, the square of the length."""
    if distance == "cosine":
        return min(1.0, max(-1.0, value))
    return value if distance == "dot" else from_distance(distance, math.sqrt(max(value, 0.0)))


def _exact(row: Mapping[str, Any]) -> list[Any]:
    return decode("".join(row["exact"]), "document")


def _pieces(text: str) -> Sequence[str]:
    if len(text) > _PIECE * _CAPACITY:
        raise InvalidInputError(f"{len(text)} characters are more than Milvus takes in one document")
    return [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)] or [""]
