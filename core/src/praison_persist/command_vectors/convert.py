"""Documents as Redis hashes and back. No I/O.

Fields of a hash; the first four and the embedding are named and written as PraisonAI's stores do::

    content, content_hash   text; no hash is no field
    created_at              number
    embedding               float32, little-endian; for cosine beyond the lengths that servers can square its direction
    metadata                JSON text; None is no field
    norm                    the embedding's length where only its direction is kept
    tokens                  what filters ask for (see `praison_persist.filtertokens`), only where an index needs it
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ..float32 import pack, unpack
from ..jsontext import decode, decode_text, encode, encode_text
from ..knowledge import KnowledgeDocument

__all__ = ["FIELDS", "direction", "from_fields", "to_fields"]

FIELDS = ("content", "content_hash", "created_at", "metadata")
"""What a search returns of a document."""

_SHORTEST, _LONGEST = 1e-15, 1e18


def direction(vector: Sequence[float]) -> tuple[Sequence[float], float | None]:
    """A vector whose length a server can compute in float32, and the true length where that had to change."""
    norm = math.hypot(*vector)
    return (vector, None) if _SHORTEST < norm < _LONGEST else ([number / norm for number in vector], norm)


def to_fields(document: KnowledgeDocument, *, cosine: bool) -> dict[str, str | bytes]:
    """The hash of a checked document."""
    vector, norm = direction(document.embedding or ()) if cosine else (document.embedding or (), None)
    fields: dict[str, str | bytes] = {
        "content": cast(str, encode_text(document.content)),
        "created_at": repr(float(document.created_at)),
        "embedding": pack(vector),
    }
    if document.content_hash is not None:
        fields["content_hash"] = cast(str, encode_text(document.content_hash))
    if document.metadata is not None:
        fields["metadata"] = encode(document.metadata)
    if norm is not None:
        fields["norm"] = repr(norm)
    return fields


def from_fields(id_: str, fields: Mapping[str, Any], *, score: float | None = None) -> KnowledgeDocument:
    """The document of a hash, also of one by PraisonAI; with its embedding where the field is there."""
    embedding = None
    if (data := fields.get("embedding")) is not None:
        norm = float(fields["norm"]) if fields.get("norm") else 1.0
        embedding = unpack(data) if norm == 1.0 else [number * norm for number in unpack(data)]
    metadata, content_hash = fields.get("metadata"), fields.get("content_hash")
    document = KnowledgeDocument(
        id=id_,
        content=cast(str, decode_text(_text(fields.get("content") or b""))),
        embedding=embedding,
        metadata=None if metadata is None else decode(_text(metadata), "metadata"),
        content_hash="" if content_hash is None else cast(str, decode_text(_text(content_hash))),  # None would be made
        created_at=float(fields.get("created_at") or 0.0),
        score=score,
    )
    document.content_hash = None if content_hash is None else document.content_hash
    return document


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
