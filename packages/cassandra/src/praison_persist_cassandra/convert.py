"""Documents as rows of a table and back. No I/O.

Columns of a collection's table::

    id, content, content_hash, created_at, embedding    the document's fields, named as PraisonAI names them
    metadata    exact JSON text; null for None
    terms       what equality filters ask the index for; see `filters`
    norm        length of the embedding, where it was brought to length 1 to be compared
    write       tells one write from another

PraisonAI's own tables have the first five only; they are read as well. What else is known of a collection is JSON text
in the table's comment.
"""

from __future__ import annotations

import hashlib
import math
import re
from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance

from .filters import terms_of

__all__ = [
    "COLUMNS",
    "FUNCTIONS",
    "Table",
    "comment_of",
    "describe",
    "direction",
    "from_comment",
    "table_name",
    "to_document",
    "to_row",
    "to_score",
]

MARK = "praison_persist"
FORMAT = 1
COLUMNS = ("id", "content", "content_hash", "created_at", "embedding", "metadata", "terms", "norm", "write")
FUNCTIONS: dict[Distance, str] = {"cosine": "COSINE", "dot": "DOT_PRODUCT", "euclidean": "EUCLIDEAN"}
"""The engine's name of each distance."""

_LONGEST_NAME = 48
_SHORTEST, _LONGEST = 1e-3, 1e15
_VECTOR = re.compile(r"vector<float, ?(\d+)>")


class Table(NamedTuple):
    """What the engine's schema says of a table: its comment, the embedding's type, the index's distance or None."""

    comment: str
    embedding: str
    function: str | None


def table_name(full: str) -> str:
    """The table of a collection: its name, shortened behind a hash where it is longer than Cassandra's names."""
    if len(full) <= _LONGEST_NAME:
        return full
    return f"{full[:31]}_{hashlib.sha256(full.encode()).hexdigest()[:16]}"


def comment_of(full: str, info: CollectionInfo) -> str:
    """The comment of a collection's table; ``full`` is its name with the prefix."""
    kept = None if info.metadata is None else dict(info.metadata)
    return encode({MARK: FORMAT, "name": full, "distance": info.distance, "metadata": kept}, "collection metadata")


def from_comment(comment: str) -> dict[str, Any] | None:
    """What `comment_of` kept; None for the comment of another table."""
    if not comment.startswith(f'{{"{MARK}":'):
        return None
    return cast("dict[str, Any]", decode(comment, "collection"))


def describe(name: str, table: Table) -> CollectionInfo | None:
    """The collection in a table; None where the table holds no vectors."""
    vector = _VECTOR.fullmatch(table.embedding)
    if vector is None:
        return None
    kept = from_comment(table.comment) or {}
    by_function: dict[str, Distance] = {theirs: ours for ours, theirs in FUNCTIONS.items()}
    by_index = by_function.get(table.function or "", "cosine")
    return CollectionInfo(name, int(vector[1]), kept.get("distance", by_index), kept.get("metadata"))


def to_row(document: KnowledgeDocument, distance: Distance, write: str) -> list[Any]:
    """The values of `COLUMNS` for a checked document; every one, so that nothing of an older row remains."""
    vector, norm = direction(document.embedding or ()) if distance == "cosine" else (document.embedding, None)
    return [
        document.id,
        encode_text(document.content),
        document.content_hash,
        float(document.created_at),
        vector,
        None if document.metadata is None else encode(document.metadata, "metadata"),
        terms_of(document.metadata),
        norm,
        write,
    ]


def direction(vector: Sequence[float]) -> tuple[Sequence[float], float | None]:
    """A vector whose cosine the engine can compute in float32, and its true length where that had to change."""
    norm = math.hypot(*vector)
    return (vector, None) if _SHORTEST < norm < _LONGEST else ([number / norm for number in vector], norm)


def to_document(row: Any, score: float | None = None) -> KnowledgeDocument:
    """The document of a row; with its embedding where that was asked for."""
    found: dict[str, Any] = row._asdict()
    embedding: list[float] | None = list(found["embedding"]) if found.get("embedding") is not None else None
    if embedding is not None and (norm := found.get("norm")) is not None:
        embedding = array("f", [number * norm for number in embedding]).tolist()
    text = found.get("metadata")
    return KnowledgeDocument(
        id=found["id"],
        content=cast(str, decode_text(found["content"] or "")),
        embedding=embedding,
        metadata=None if text is None else decode(text, "metadata"),
        content_hash=found["content_hash"],
        created_at=found["created_at"] or 0.0,
        score=score,
    )


def to_score(distance: Distance, similarity: float) -> float:
    """The contract's score: the engine's is (1 + cosine) / 2, (1 + dot) / 2 and 1 / (1 + length ** 2)."""
    if distance == "cosine":
        return min(1.0, max(-1.0, 2.0 * similarity - 1.0))
    if distance == "dot":
        return 2.0 * similarity - 1.0
    return 1.0 / (1.0 + math.sqrt(max(0.0, 1.0 / similarity - 1.0))) if similarity > 0.0 else 0.0
