"""Documents as Chroma's records and back: names, metadata, scores. No I/O.

Metadata of a record::

    lang, author.name, ...  what Chroma can hold and compare of the document's metadata: text, numbers, booleans and
                            lists of texts, nested keys joined with a dot
    praison_persist         JSON text of the exact metadata, content_hash and created_at
    praison_write           tells one write from another
    praison_loose           keys at which a list holds numbers or booleans, or a number is too large for Chroma

PraisonAI's own records have none of the last three; their metadata is flat, beside content_hash and created_at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from praison_persist.adapting.chroma import Keys
from praison_persist.adapting.records import EXACT
from praison_persist.errors import UnsupportedError
from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance

__all__ = [
    "EXACT",
    "KEYS",
    "SPACES",
    "WRITE",
    "describe",
    "from_name",
    "kept",
    "to_content",
    "to_document",
    "to_metadata",
    "to_name",
]

WRITE = "praison_write"

SPACES: Mapping[Distance, str] = {"cosine": "cosine", "dot": "ip", "euclidean": "l2"}
_DISTANCES: Mapping[str, Distance] = {space: distance for distance, space in SPACES.items()}

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]+[A-Za-z0-9]")
KEYS = Keys(own=frozenset({"content_hash", "created_at", "chroma:document"}))
"""Of both layouts."""


def to_name(name: str) -> str:
    """The name in Chroma, which takes no names of two letters and none with an underscore at an end."""
    return name if _NAME.fullmatch(name) else f"p.{name}.p"


def from_name(native: str) -> str:
    """The name that `to_name` was given."""
    return native[2:-2] if native.startswith("p.") and native.endswith(".p") else native


def kept(info: CollectionInfo) -> dict[str, Any]:
    """What Chroma keeps for us with the collection; exact, since it goes in as text."""
    return {EXACT: encode({"dimension": info.dimension, "metadata": info.metadata}, "collection metadata")}


def describe(name: str, model: Any) -> CollectionInfo:
    """What a collection's model tells.

    Raises:
        UnsupportedError: PraisonAI's collection is still empty: it has no dimension until it has a document.
    """
    metadata: dict[str, Any] = dict(model.metadata or {})
    configuration = model.configuration_json or {}
    index = configuration.get("hnsw") or configuration.get("spann") or {}
    distance = _DISTANCES[index.get("space") or metadata.get("hnsw:space", "l2")]
    if EXACT in metadata:
        own = decode(metadata[EXACT], "collection metadata")
        return CollectionInfo(name, own["dimension"], distance, own["metadata"])
    if model.dimension is None:
        raise UnsupportedError(
            f"collection {name!r} was made by another program and is empty, so its dimension is not known",
            hint="delete it, and create it again here",
        )
    rest = {key: value for key, value in metadata.items() if not key.startswith("hnsw:")}
    return CollectionInfo(name, model.dimension, distance, rest or None)


def to_metadata(document: KnowledgeDocument, write: str) -> dict[str, Any]:
    """The record's metadata; ``write`` names the write that brings it."""
    metadata = KEYS.of(document.metadata)
    exact = [document.metadata, document.content_hash, float(document.created_at)]
    metadata[EXACT] = encode(exact, "document")
    metadata[WRITE] = write
    return metadata


def to_document(
    id_: str, content: str | None, record: Mapping[str, Any] | None, embedding: Any = None, score: float | None = None
) -> KnowledgeDocument:
    """The document of a record of either layout."""
    rest = dict(record or {})
    vector = None if embedding is None else [float(number) for number in embedding]
    if EXACT in rest:
        metadata, content_hash, created_at = decode(rest[EXACT], "document")
        text = cast("str", decode_text(content or ""))
    else:
        text, content_hash, created_at = content or "", rest.pop("content_hash", None), rest.pop("created_at", 0.0)
        metadata = rest or None
    return KnowledgeDocument(id_, text, vector, metadata, content_hash, created_at, score)


def to_content(document: KnowledgeDocument) -> str:
    """The record's document."""
    return cast("str", encode_text(document.content))
