"""Documents as rows and back: schema, columns, scores. No I/O.

Columns of a table, the first five as PraisonAI names them::

    id, content, content_hash, created_at, vector
    metadata      JSON text of the exact metadata
    filterable    the metadata in LanceDB's binary JSON, in the form that its JSON paths compare; ``{}`` for None
    write         tells one write from another

PraisonAI's own tables have only the first five, and have lost all metadata.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pyarrow as pa

from praison_persist.errors import UnsupportedError
from praison_persist.jsontext import decode, decode_text, encode, encode_text, is_plain_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance, from_distance

__all__ = [
    "DISTANCES",
    "EXACT_INTEGERS",
    "describe",
    "is_native",
    "schema_of",
    "to_document",
    "to_rows",
    "to_score",
]

DISTANCES: Mapping[Distance, str] = {"cosine": "cosine", "dot": "dot", "euclidean": "l2"}
EXACT_INTEGERS = 2**53

_KEY = b"praison_persist"
_PRIMARY = {"lance-schema:unenforced-primary-key": "true"}
_PLAIN = ("id", "content", "content_hash", "created_at", "vector")
_OURS = ("metadata", "filterable", "write")


def schema_of(info: CollectionInfo, token: str) -> pa.Schema:
    """The schema of a new table, told from others by a token. The primary key lets racing merges see each other."""
    about = encode({"distance": info.distance, "metadata": info.metadata, "token": token}, "collection metadata")
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False, metadata=_PRIMARY),
            pa.field("content", pa.string()),
            pa.field("content_hash", pa.string()),
            pa.field("created_at", pa.float64()),
            pa.field("vector", pa.list_(pa.float32(), info.dimension)),
            pa.field("metadata", pa.string()),
            pa.field("filterable", pa.json_()),
            pa.field("write", pa.string()),
        ],
        metadata={_KEY: about},
    )


def is_native(schema: pa.Schema) -> bool:
    """Whether this package made the table."""
    return _KEY in (schema.metadata or {})


def describe(name: str, schema: pa.Schema) -> CollectionInfo:
    """What a table's schema tells; PraisonAI's tables have its default distance.

    Raises:
        UnsupportedError: not a table of either layout.
    """
    if not {*_PLAIN} <= {*schema.names} or not pa.types.is_fixed_size_list(schema.field("vector").type):
        raise UnsupportedError(
            f"table {name!r} has not the columns {', '.join(_PLAIN)}", hint="it was made by another program"
        )
    dimension = schema.field("vector").type.list_size
    if not is_native(schema):
        return CollectionInfo(name, dimension, "cosine")
    about = decode((schema.metadata or {})[_KEY].decode(), "collection metadata")
    return CollectionInfo(name, dimension, about["distance"], about["metadata"])


def to_rows(documents: Sequence[KnowledgeDocument], schema: pa.Schema, write: str) -> pa.Table:
    """The rows of checked documents; ``write`` names the write that brings them.

    Raises:
        UnsupportedError: PraisonAI's table has no place for metadata.
    """
    native = is_native(schema)
    if not native and any(document.metadata for document in documents):
        raise UnsupportedError(
            "this table was made by PraisonAI and has no place for metadata", hint="copy it into a new collection"
        )
    width = schema.field("vector").type.list_size
    packed = b"".join([struct.pack(f"{width}f", *document.embedding or ()) for document in documents])
    numbers = pa.Array.from_buffers(pa.float32(), width * len(documents), [None, pa.py_buffer(packed)])
    columns: dict[str, Any] = {
        "id": pa.array([document.id for document in documents], pa.string()),
        "content": pa.array([cast("str", encode_text(document.content)) for document in documents], pa.string()),
        "content_hash": pa.array([document.content_hash for document in documents], pa.string()),
        "created_at": pa.array([float(document.created_at) for document in documents], pa.float64()),
        "vector": pa.FixedSizeListArray.from_arrays(numbers, width),
    }
    if native:
        texts = [None if document.metadata is None else encode(document.metadata) for document in documents]
        forms = [encode(_comparable(document.metadata or {})) for document in documents]
        columns["metadata"] = pa.array(texts, pa.string())
        columns["filterable"] = pa.ExtensionArray.from_storage(pa.json_(), pa.array(forms, pa.string()))
        columns["write"] = pa.array([write] * len(documents), pa.string())
    fields = [pa.field(name, column.type, nullable=name != "id") for name, column in columns.items()]
    return pa.Table.from_arrays(list(columns.values()), schema=pa.schema(fields))


def _comparable(value: Any) -> Any:
    """The form of a JSON value that JSON paths compare as the contract does.

    Text with NUL or a lone surrogate becomes JSON text, integers that a double does not hold become the nearest one,
    and a list keeps what a filter looks at: its scalars.
    """
    if isinstance(value, str):
        return value if is_plain_text(value) else encode_text(value)
    if isinstance(value, dict):
        return {_comparable(key): _comparable(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_comparable(item) for item in cast("list[Any]", value) if not isinstance(item, (dict, list))]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= EXACT_INTEGERS:
        try:
            return float(value)
        except OverflowError:
            return 1e308 if value > 0 else -1e308
    return value


def to_document(row: Mapping[str, Any], *, score: float | None = None) -> KnowledgeDocument:
    """The document of a row of either layout; with its embedding where the row has the column."""
    text = row.get("metadata")
    return KnowledgeDocument(
        row["id"],
        cast("str", decode_text(row["content"] or "")),
        row.get("vector"),
        None if text is None else decode(text, "metadata"),
        row["content_hash"],
        row["created_at"],
        score,
    )


def to_score(distance: Distance, value: float) -> float:
    """The contract's score for LanceDB's distance: 1 - cosine, 1 - dot, or the square of the length."""
    if distance == "cosine":
        return min(1.0, max(-1.0, 1.0 - value))
    return 1.0 - value if distance == "dot" else from_distance(distance, math.sqrt(max(value, 0.0)))
