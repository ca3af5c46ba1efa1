"""Documents of the contract as text and metadata that a framework's vector store keeps, and back. No I/O.

Metadata of a record::

    praison_persist   JSON text: id, exact metadata, content_hash, created_at, the vector as float32 in base64 (null
                      where the engine gives it back), and the content where the vector store keeps no text
    praison_ours      True, and
    praison_facts, praison_max..., praison_min...
                      what filters ask for, see `praison_persist.facets`; only where records are found by them
    lang, year, ...   text, numbers and booleans at keys that are plain names, for readers in the framework

A record of somebody else has none that begin with ``praison_``: its metadata is that of the document.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ..facets import facets_of
from ..float32 import pack, unpack
from ..jsontext import decode, decode_text, encode, encode_text, is_plain_text
from ..knowledge import KnowledgeDocument

__all__ = ["EXACT", "OURS", "PREFIX", "facet", "to_document", "to_metadata", "to_text"]

PREFIX = "praison_"
"""Of the keys that are not for readers."""

EXACT = PREFIX + "persist"
OURS = PREFIX + "ours"

_INT64 = 2**63


def to_text(document: KnowledgeDocument) -> str:
    """The record's text: the content, without what engines refuse."""
    return cast(str, encode_text(document.content))


def facet(name: str) -> str:
    """The key of a field of `praison_persist.facets`."""
    return PREFIX + name


def to_metadata(
    document: KnowledgeDocument, *, facets: bool, vector: bool = True, text: bool = False
) -> dict[str, Any]:
    """The record's metadata.

    Args:
        document: checked, with an embedding.
        facets: for a vector store whose filters ask for them.
        vector: for one that does not give vectors back.
        text: for one that keeps no text: the content stands in the metadata.
    """
    given = document.metadata or {}
    metadata = {key: value for key, value in given.items() if _is_plain(key) and _is_simple(value)}
    exact = [document.id, document.metadata, document.content_hash, float(document.created_at)]
    packed = b64encode(pack(document.embedding or ())).decode() if vector else None
    metadata[EXACT] = encode([*exact, packed, *([document.content] if text else [])], "document")
    if facets:
        metadata[OURS] = True
        metadata.update((facet(name), value) for name, value in facets_of(given).items())
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
    id_, exact, content_hash, created_at, packed, *content = decode(metadata[EXACT], "document")
    whole = content[0] if content else cast(str, decode_text(text))
    numbers = None
    if vector:
        numbers = _floats(embedding) if packed is None else unpack(b64decode(packed))
    return KnowledgeDocument(id_, whole, numbers, exact, content_hash, created_at)


def _floats(numbers: Sequence[float] | None) -> list[float] | None:
    return None if numbers is None else list(map(float, getattr(numbers, "tolist", lambda: numbers)()))


def _is_plain(key: str) -> bool:
    return key.isidentifier() and not key.startswith(PREFIX)


def _is_simple(value: Any) -> bool:
    if isinstance(value, str):
        return is_plain_text(value)
    return isinstance(value, (bool, float)) or (isinstance(value, int) and -_INT64 <= value < _INT64)
