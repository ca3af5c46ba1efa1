"""Documents of the contract as text and metadata that a framework's vector store keeps, and back. No I/O.

Metadata of a record::

    praison_persist   JSON text: id, exact metadata, content_hash, created_at, the vector as float32 in base64 (null
                      where the engine gives it back), and the content where the vector store keeps no text
    lang, year, ...   for readers in the framework and for filters: `plain`, or as in `chroma` and `qdrant`

A record of somebody else has none that begin with ``praison_``: its metadata is that of the document.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from ..float32 import pack, unpack
from ..jsontext import decode, decode_text, encode, encode_text, is_plain_text
from ..knowledge import KnowledgeDocument

__all__ = [
    "EXACT",
    "PREFIX",
    "packed",
    "plain",
    "to_document",
    "to_metadata",
    "to_text",
    "unpacked",
]

PREFIX = "praison_"
"""Of the keys that are not for readers."""

EXACT = PREFIX + "persist"

_INT64 = 2**63


def to_text(document: KnowledgeDocument) -> str:
    """The record's text: the content, without what engines refuse."""
    return cast(str, encode_text(document.content))


def plain(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """What readers see: text, numbers and booleans at keys that are plain names."""
    return {key: value for key, value in (metadata or {}).items() if _is_plain(key) and _is_simple(value)}


def to_metadata(
    document: KnowledgeDocument,
    fields: Callable[[Mapping[str, Any] | None], dict[str, Any]] = plain,
    *,
    vector: bool = True,
    text: bool = False,
) -> dict[str, Any]:
    """The record's metadata.

    Args:
        document: checked, with an embedding.
        fields: what stands there beside the exact document.
        vector: for one that does not give vectors back.
        text: for one that keeps no text: the content stands in the metadata.
    """
    exact = [document.id, document.metadata, document.content_hash, float(document.created_at)]
    kept = packed(document.embedding or ()) if vector else None
    metadata = fields(document.metadata)
    metadata[EXACT] = encode([*exact, kept, *([document.content] if text else [])], "document")
    return metadata


def to_document(
    id_: str,
    text: str,
    metadata: Mapping[str, Any],
    embedding: Sequence[float] | None = None,
    *,
    vector: bool = True,
) -> KnowledgeDocument:
    """The document of a record.

    Args:
        id_: the record's; a record of ours holds the document's.
        text: the record's.
        metadata: the record's.
        embedding: what the engine says, for a record of somebody else, which has no time, or without a vector.
        vector: whether a document of ours gets its embedding, which takes most of the time.
    """
    if EXACT not in metadata:
        return KnowledgeDocument(id_, text, _floats(embedding), dict(metadata) or None, created_at=0.0)
    id_, exact, content_hash, created_at, kept, *content = decode(metadata[EXACT], "document")
    whole = content[0] if content else cast(str, decode_text(text))
    numbers = None
    if vector:
        numbers = _floats(embedding) if kept is None else unpacked(kept)
    return KnowledgeDocument(id_, whole, numbers, exact, content_hash, created_at)


def packed(vector: Sequence[float]) -> str:
    """A vector as text: float32 in base64."""
    return b64encode(pack(vector)).decode()


def unpacked(text: str) -> list[float]:
    """The vector that `packed` was given."""
    return unpack(b64decode(text))


def _floats(numbers: Sequence[float] | None) -> list[float] | None:
    return None if numbers is None else list(map(float, getattr(numbers, "tolist", lambda: numbers)()))


def _is_plain(key: str) -> bool:
    return key.isidentifier() and not key.startswith(PREFIX)


def _is_simple(value: Any) -> bool:
    if isinstance(value, str):
        return is_plain_text(value)
    return isinstance(value, (bool, float)) or (isinstance(value, int) and -_INT64 <= value < _INT64)
