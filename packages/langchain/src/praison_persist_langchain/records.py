"""Documents of the contract as what a LangChain vector store keeps, and back. No I/O.

Metadata of a record::

    praison_persist   JSON text: id, exact metadata, content_hash, created_at, and the vector as float32 in base64,
                      since no method of LangChain gives vectors back
    praison_tokens    what filters ask for, see `praison_persist.filtertokens`; a partner that cannot keep a list of
                      texts gets none
    lang, year, ...   text, numbers and booleans at keys that are plain names, for readers in LangChain

A record of somebody else has no ``praison_persist``: its metadata is that of the document.
"""

from __future__ import annotations

import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, cast

from langchain_core.documents import Document

from praison_persist.filtertokens import tokens_of
from praison_persist.jsontext import decode, decode_text, encode, encode_text, is_plain_text
from praison_persist.knowledge import KnowledgeDocument

__all__ = ["EXACT", "TOKENS", "to_document", "to_metadata", "to_text"]

EXACT = "praison_persist"
TOKENS = "praison_tokens"

_INT64 = 2**63


def to_text(document: KnowledgeDocument) -> str:
    """The record's text: the content, without what engines refuse."""
    return cast(str, encode_text(document.content))


def to_metadata(document: KnowledgeDocument, *, tokens: bool) -> dict[str, Any]:
    """The record's metadata; with ``tokens`` where the partner filters by them."""
    given = document.metadata or {}
    metadata = {key: value for key, value in given.items() if key.isidentifier() and _is_simple(value)}
    vector = array("f", document.embedding or ())
    if sys.byteorder == "big":
        vector.byteswap()
    exact = [document.id, document.metadata, document.content_hash, float(document.created_at)]
    metadata[EXACT] = encode([*exact, b64encode(vector).decode()], "document")
    metadata.pop(TOKENS, None)
    if tokens and (found := tokens_of(given)):
        metadata[TOKENS] = found
    return metadata


def _is_simple(value: Any) -> bool:
    if isinstance(value, str):
        return is_plain_text(value)
    return isinstance(value, (bool, float)) or (isinstance(value, int) and -_INT64 <= value < _INT64)


def to_document(record: Document) -> KnowledgeDocument:
    """The document of a record; one of somebody else has no embedding and no time."""
    metadata: Mapping[str, Any] = record.metadata
    if EXACT not in metadata:
        return KnowledgeDocument(str(record.id), record.page_content, None, dict(metadata) or None, created_at=0.0)
    id_, exact, content_hash, created_at, packed = decode(metadata[EXACT], "document")
    vector = array("f", b64decode(packed))
    if sys.byteorder == "big":
        vector.byteswap()
    content = cast(str, decode_text(record.page_content))
    return KnowledgeDocument(id_, content, vector.tolist(), exact, content_hash, created_at)
