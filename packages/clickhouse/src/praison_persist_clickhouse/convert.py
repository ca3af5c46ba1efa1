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

from .binary import Column, float32s, float64, nullable, strings, text

__all__ = ["READ", "READ_WHOLE", "direction", "to_columns", "to_document", "to_score"]

READ = "id, content, content_hash, created_at, metadata"
READ_WHOLE = f"{READ}, vector, norm"

_SHORTEST, _LONGEST = 1e-12, 1e15


def to_columns(documents: Sequence[KnowledgeDocument], distance: Distance) -> dict[str, Column]:
    """The columns of checked documents, all but their versions."""
    vectors: list[Sequence[float]] = [document.embedding or () for document in documents]
    norms = [1.0] * len(vectors)
    if distance == "cosine":
        vectors, norms = map(list, zip(*map(direction, vectors), strict=True))
    metadata = [document.metadata for document in documents]
    return {
        "id": text(document.id for document in documents),
        "content": text(cast(str, encode_text(document.content)) for document in documents),
        "content_hash": nullable([document.content_hash for document in documents]),
        "created_at": float64([document.created_at for document in documents]),
        "metadata": nullable([None if one is None else encode(one, "metadata") for one in metadata]),
        "facts": strings(list(map(facts_of, metadata))),
        "vector": float32s(vectors),
        "norm": float64(norms),
    }


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
