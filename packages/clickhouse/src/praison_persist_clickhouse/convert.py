"""Documents as rows of a collection's table and back. No I/O."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Any, cast

from praison_persist.facts import facts_of
from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import KnowledgeDocument
from praison_persist.scores import Distance, from_distance

from .binary import float32s, float64, nullable, strings, text

__all__ = ["READ", "READ_WHOLE", "direction", "to_document", "to_row", "to_score"]

READ = "id, content, content_hash, created_at, metadata"
READ_WHOLE = f"{READ}, vector, norm"

_SHORTEST, _LONGEST = 1e-12, 1e15


def to_row(document: KnowledgeDocument, distance: Distance) -> bytes:
    """The values of `schema.COLUMNS` for a checked document, in RowBinary."""
    given = document.embedding or ()
    vector, norm = direction(given) if distance == "cosine" else (given, 1.0)
    metadata = document.metadata
    return b"".join(
        (
            text(document.id),
            text(cast(str, encode_text(document.content))),
            nullable(document.content_hash),
            float64(document.created_at),
            nullable(None if metadata is None else encode(metadata, "metadata")),
            strings(facts_of(metadata)),
            float32s(vector),
            float64(norm),
        )
    )


def direction(vector: Sequence[float]) -> tuple[Sequence[float], float]:
    """A vector whose cosine ClickHouse can compute with squares in float32, and what it was divided by."""
    norm = math.hypot(*vector)
    return (vector, 1.0) if _SHORTEST < norm < _LONGEST else ([number / norm for number in vector], norm)


def to_document(row: Sequence[Any], *, whole: bool = False, score: float | None = None) -> KnowledgeDocument:
    """The document of a row of `READ`, or of `READ_WHOLE`."""
    id_, content, content_hash, created_at, metadata = row[:5]
    return KnowledgeDocument(
        id=id_,
        content=cast(str, decode_text(content)),
        embedding=_restored(row[5], row[6]) if whole else None,
        metadata=None if metadata is None else decode(metadata, "metadata"),
        content_hash=content_hash,
        created_at=created_at,
        score=score,
    )


def _restored(vector: Sequence[float], norm: float) -> list[float]:
    return list(vector) if norm == 1.0 else array("f", [number * norm for number in vector]).tolist()


def to_score(distance: Distance, value: float) -> float:
    """The contract's score for what ClickHouse's function returns: a product for dot, a distance for the others."""
    if distance == "cosine":
        return min(1.0, max(-1.0, 1.0 - value))
    return value if distance == "dot" else from_distance(distance, value)
