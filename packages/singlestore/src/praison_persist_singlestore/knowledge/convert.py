"""Documents as rows of a collection's table and back. No I/O.

Vectors are BLOBs of float32, little-endian.
Source: https://docs.singlestore.com/db/v9.1/reference/sql-reference/vector-functions/json-array-pack/
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

from praison_persist.filtertokens import tokens_of
from praison_persist.float32 import pack, unpack
from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import KnowledgeDocument
from praison_persist.scores import Distance, from_distance

__all__ = [
    "COLUMNS",
    "MEASURES",
    "READ",
    "READ_WHOLE",
    "metadata_of",
    "size_of",
    "to_document",
    "to_query",
    "to_row",
    "to_score",
]

COLUMNS = ("id", "content", "content_hash", "created_at", "metadata", "tokens", "embedding", "length")
READ = "id, content, content_hash, created_at, metadata"
READ_WHOLE = f"{READ}, embedding"

MEASURES: dict[Distance, str] = {
    "cosine": "DOT_PRODUCT(embedding, %s) / length",
    "dot": "DOT_PRODUCT(embedding, %s)",
    "euclidean": "-EUCLIDEAN_DISTANCE(embedding, %s)",
}
"""How near a row is to a query (see `to_query`): more is nearer, and NULL, which overflow gives, comes last."""


def to_row(document: KnowledgeDocument) -> tuple[Any, ...]:
    """The values of `COLUMNS` for a checked document."""
    metadata, vector = document.metadata, document.embedding or ()
    return (
        document.id.encode(),
        encode_text(document.content),
        document.content_hash,
        float(document.created_at),
        None if metadata is None else encode(metadata, "metadata"),
        " ".join(tokens_of(metadata)),
        pack(vector),
        math.hypot(*vector),
    )


def size_of(row: Sequence[Any]) -> int:
    """About how many characters a row takes in a statement."""
    return sum(len(value) * (2 if isinstance(value, bytes) else 1) for value in row if isinstance(value, (str, bytes)))


def to_document(row: Sequence[Any], *, whole: bool = False, score: float | None = None) -> KnowledgeDocument:
    """The document of a row that starts with `READ`, or (``whole``) with `READ_WHOLE`."""
    return KnowledgeDocument(
        id=row[0].decode(),
        content=cast(str, decode_text(row[1])),
        embedding=unpack(row[5]) if whole else None,
        metadata=metadata_of(row[4]),
        content_hash=row[2],
        created_at=row[3],
        score=score,
    )


def metadata_of(text: str | None) -> dict[str, Any] | None:
    """The metadata of the column."""
    return None if text is None else decode(text, "metadata")


def to_query(distance: Distance, vector: Sequence[float]) -> bytes:
    """What a measure compares with: the vector, under cosine brought to length 1."""
    if distance != "cosine":
        return pack(vector)
    length = math.hypot(*vector)
    return pack([number / length for number in vector])


def to_score(distance: Distance, measure: float) -> float:
    """The contract's score for the value of a measure."""
    if distance == "cosine":
        return min(1.0, max(-1.0, measure))
    return measure if distance == "dot" else from_distance(distance, -measure)
