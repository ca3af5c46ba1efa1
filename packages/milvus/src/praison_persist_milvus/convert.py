"""Collections and documents as Milvus's schemas and rows, and back; scores. No I/O.

A row::

    id        a digest of the document's id: an expression can hold it whatever the id is
    vector    the embedding
    content   the text, or its beginning: a VARCHAR ends at 65,535 bytes
    exact     JSON text, likewise: id, metadata, content_hash, created_at, and which write brought it
    rest      what of either text did not fit, in pieces; mostly none
    facts     JSON: for each path of the metadata a list of digests of what is there, see `praison_persist.facets`
    bounds    JSON: the smallest and largest numbers there

Milvus Lite copies all arrays of a batch for each of its rows, so there is only one, and it is empty.
"""

from __future__ import annotations

import math
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from json import JSONEncoder
from typing import Any, cast

from pymilvus import CollectionSchema, DataType, FieldSchema

from praison_persist.errors import InvalidInputError, SerializationError, UnsupportedError
from praison_persist.facets import facets_by_path
from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance, from_distance

__all__ = [
    "DOCUMENT",
    "EXACT",
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

EXACT = ["exact", "rest"]
"""The fields of a document without its content and embedding."""

DOCUMENT = ["content", *EXACT]
"""The fields of a document without its embedding."""

_KIND = "praison-persist"
_CAPACITY = 4096  # the most that Milvus takes in an array
_JSON = 65_535  # bytes, of which it takes no more
_PLACES = 650  # of numbers: their bounds are at most 49 bytes each
_PIECE = 16_000  # characters of at most four bytes each
_VARCHAR = 65_535
_CASE = re.compile(r"__u([0-9a-f]+)$")
_encode = JSONEncoder(separators=(",", ":")).encode  # of digests and finite numbers, which need no check


class _Text(str):
    """A text for a VARCHAR in a row. pymilvus takes it for a list of texts, and would check each of its characters."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        return iter(())


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
    text: dict[str, Any] = {"dtype": DataType.VARCHAR, "max_length": _VARCHAR}
    array: dict[str, Any] = {"dtype": DataType.ARRAY, "element_type": DataType.VARCHAR, "max_capacity": _CAPACITY}
    kept = [_KIND, mark, info.dimension, info.distance, info.metadata]
    return CollectionSchema(
        [
            FieldSchema("id", DataType.VARCHAR, is_primary=True, max_length=32),
            FieldSchema("vector", DataType.FLOAT_VECTOR, dim=info.dimension),
            FieldSchema("content", **text),
            FieldSchema("exact", **text),
            FieldSchema("rest", max_length=_VARCHAR, **array),
            FieldSchema("facts", DataType.JSON),
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
    return urlsafe_b64encode(blake2b(id_.encode(), digest_size=24).digest()).decode()


def to_row(document: KnowledgeDocument, write: str) -> dict[str, Any]:
    """The row of a document; ``write`` names the write that brings it.

    Raises:
        InvalidInputError: more than Milvus takes in one document.
    """
    lists, bounds = facets_by_path(document.metadata)
    facts = _encode({path: ["", *words] for path, words in lists.items()})  # "": that there is something
    if len(facts) > _JSON:
        raise InvalidInputError(
            f"document {document.id!r}: its metadata has {sum(map(len, lists.values()), len(lists))} names and values, "
            f"whose digests take {len(facts)} bytes; Milvus takes {_JSON}"
        )
    if len(bounds) > 2 * _PLACES:
        raise InvalidInputError(
            f"document {document.id!r}: its metadata has numbers at {len(bounds) // 2} places; Milvus takes {_PLACES}"
        )
    content = cast("str", encode_text(document.content))
    exact = encode([document.id, document.metadata, document.content_hash, document.created_at, write], "document")
    return {
        "id": _Text(key_of(document.id)),
        "vector": document.embedding,
        "content": _Text(content[:_PIECE]),
        "exact": _Text(exact[:_PIECE]),
        "rest": _rest(exact, content),
        "facts": facts,
        "bounds": _encode(bounds),
    }


def to_document(row: Mapping[str, Any], *, score: float | None = None) -> KnowledgeDocument:
    """The document of a row, with whatever of content and embedding was read."""
    id_, metadata, content_hash, created_at, _ = _exact(row)
    content = cast("str", decode_text(_whole(row, "content")))
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
    return decode(_whole(row, "exact"), "document")


def _rest(exact: str, content: str) -> list[str]:
    """What did not fit into the first pieces, each with the letter that its field begins with."""
    pieces = [
        field + text[start : start + _PIECE]
        for field, text in (("e", exact), ("c", content))
        for start in range(_PIECE, len(text), _PIECE)
    ]
    if len(pieces) > _CAPACITY:
        raise InvalidInputError(f"{len(content) + len(exact)} characters are more than Milvus takes in one document")
    return pieces


def _whole(row: Mapping[str, Any], field: str) -> str:
    return "".join([row.get(field, ""), *[piece[1:] for piece in row["rest"] if piece[0] == field[0]]])
