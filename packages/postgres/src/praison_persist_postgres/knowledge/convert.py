"""Documents as rows and back, vectors in pgvector's binary form. No I/O.

``metadata`` (JSONB) is what filters look at. JSONB cannot hold NUL or lone surrogates, and turns ``1e300`` and ``-0.0``
into other numbers. Metadata with any of these is stored in a form that compares the same (`comparable`), with the exact
JSON text beside it under `EXACT`: a key that the comparable form of no metadata has.
"""

from __future__ import annotations

import json
import math
import re
import struct
import sys
from array import array
from collections.abc import Mapping, Sequence
from operator import is_
from typing import Any, cast

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import KnowledgeDocument

__all__ = [
    "EXACT",
    "PackedArray",
    "PackedVector",
    "comparable",
    "comparable_text",
    "jsonb_array",
    "pack",
    "to_columns",
    "to_document",
    "to_json",
    "to_row",
    "unpack",
]

EXACT = "\x01praison_persist"

_EXACT_INTEGERS = 2**53  # a float from here on is integral, and JSONB writes it like an integer
_SPECIAL = re.compile("[\x00\x01\ud7ff-\udfff]")
# What `comparable` may have to change, as JSON text shows it; some text that has it needs no change.
_SUSPECT = re.compile("\\\\u000[01]|[\ud7ff-\udfff]|[0-9]{16}|[0-9]e|-0\\.0")
_HEAD_SIZE = 4  # dimension and reserved, in front of a vector's numbers
_ARRAY = struct.Struct(">iiIii")  # dimensions, whether there are NULLs, type of the items, their number, first index
_SIZE = struct.Struct(">i")
_NULL = _SIZE.pack(-1)
_TEXT, _FLOAT8, _JSONB = 25, 701, 3802  # the same in every database, unlike the number of the type vector


class PackedVector:
    """A vector as a parameter: float32, big-endian, behind its dimension, as pgvector receives and sends it."""

    __slots__ = ("data",)

    def __init__(self, vector: Sequence[float]) -> None:
        self.data = pack(vector)


class PackedArray:
    """An array as a parameter, in PostgreSQL's binary form (``array_recv``): psycopg takes long for lists.

    Args:
        kind: the number of the items' type.
        items: text, or values in that type's binary form.
    """

    __slots__ = ("items", "kind")

    def __init__(self, kind: int, items: Sequence[str | bytes | None]) -> None:
        self.kind = kind
        self.items = items


class _PackedVectorDumper(Dumper):
    """Without a type's number, which differs between databases: a cast in the statement tells the server."""

    format = Format.BINARY

    def dump(self, obj: PackedVector) -> bytes:
        return obj.data


class _PackedArrayDumper(Dumper):
    """Likewise."""

    format = Format.BINARY

    def dump(self, obj: PackedArray) -> bytes:
        encoding = self.connection.info.encoding if self.connection else "utf-8"
        parts = [_ARRAY.pack(1, None in obj.items, obj.kind, len(obj.items), 1)]
        for item in obj.items:
            if item is None:
                parts.append(_NULL)
            else:
                data = item if isinstance(item, bytes) else item.encode(encoding)
                parts += (_SIZE.pack(len(data)), data)
        return b"".join(parts)


psycopg.adapters.register_dumper(PackedVector, _PackedVectorDumper)
psycopg.adapters.register_dumper(PackedArray, _PackedArrayDumper)


def pack(vector: Sequence[float]) -> bytes:
    """The vector in pgvector's binary form."""
    return struct.pack(f">HH{len(vector)}f", len(vector), 0, *vector)


def unpack(data: bytes) -> list[float]:
    """The numbers of pgvector's binary form."""
    numbers = array("f")
    numbers.frombytes(data[_HEAD_SIZE:])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers.tolist()


def jsonb_array(texts: Sequence[str]) -> PackedArray:
    """JSON texts as an array of jsonb, whose binary form is the text behind its version."""
    return PackedArray(_JSONB, [f"\x01{text}" for text in texts])


def to_row(document: KnowledgeDocument) -> tuple[Any, ...]:
    """id, content, content_hash, created_at, metadata, embedding of a checked document."""
    return (
        document.id,
        encode_text(document.content),
        document.content_hash,
        float(document.created_at),
        _to_metadata(document.metadata),
        pack(cast("list[float]", document.embedding)),
    )


def to_columns(documents: Sequence[KnowledgeDocument], vector_type: int) -> list[PackedArray]:
    """The rows of checked documents as one array for each column.

    Args:
        vector_type: the number of the type vector in this database.
    """
    *texts, created_at, metadata, embeddings = zip(*map(to_row, documents), strict=True)
    return [
        *(PackedArray(_TEXT, column) for column in texts),
        PackedArray(_FLOAT8, [struct.pack(">d", seconds) for seconds in created_at]),
        PackedArray(_TEXT, metadata),
        PackedArray(vector_type, embeddings),
    ]


def to_document(
    row: Sequence[Any], *, embedding: list[float] | None = None, score: float | None = None
) -> KnowledgeDocument:
    """The document of a row that starts with id, content, content_hash, created_at and metadata as text."""
    id_, content, content_hash, created_at, metadata = row[:5]
    return KnowledgeDocument(
        id=id_,
        content=cast(str, decode_text(content)) if content is not None else "",
        embedding=embedding,
        metadata=None if metadata is None else _from_metadata(metadata),
        content_hash=content_hash,
        created_at=created_at or 0.0,
        score=score,
    )


def to_json(value: Any) -> str:
    """JSON text of a comparable value."""
    return _encoder.encode(value)


_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _to_metadata(metadata: Mapping[str, Any] | None) -> str | None:
    if metadata is None:
        return None
    text = to_json(metadata)
    if not _SUSPECT.search(text):
        return text
    form = comparable(metadata)
    if form is metadata:
        return text
    form[EXACT] = encode(metadata, "metadata")
    return to_json(form)


def _from_metadata(text: str) -> dict[str, Any]:
    value: dict[str, Any] = decode(text, "metadata")
    exact = value.get(EXACT)
    return value if exact is None else decode(exact, "metadata")


def comparable(value: Any) -> Any:
    """A JSON value in a form that JSONB gives back as it is and compares rightly; the same object where it is one."""
    if isinstance(value, str):
        return comparable_text(value)
    if isinstance(value, float):
        if abs(value) >= _EXACT_INTEGERS:
            return int(value)  # all digits, so that it equals no integer but its own value
        return 0.0 if value == 0.0 and math.copysign(1.0, value) < 0.0 else value
    if isinstance(value, dict):
        return _mapping(cast("dict[str, Any]", value))
    if isinstance(value, list):
        items: list[Any] = [comparable(item) for item in cast("list[Any]", value)]
        return cast("list[Any]", value) if all(map(is_, items, value)) else items
    return value


def _mapping(value: dict[str, Any]) -> dict[str, Any]:
    items = {comparable_text(key): comparable(item) for key, item in value.items()}
    same = all(map(is_, items.values(), value.values())) and all(map(is_, items, value))
    return value if same else items


def comparable_text(text: str) -> str:
    """Text without NUL and surrogates, in the same order as before; the same object for nearly every text.

    NUL and U+0001 become two characters that start with U+0001; U+D7FF, which is unassigned, and the surrogates behind
    it become two that start with U+D7FF.
    """
    return _SPECIAL.sub(_escape, text) if _SPECIAL.search(text) else text


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\x01{chr(code + 1)}" if code <= 1 else f"\ud7ff{chr(code - 0xD7FF + 1)}"
