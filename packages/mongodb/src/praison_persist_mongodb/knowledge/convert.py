"""Collections and documents as MongoDB's documents, and back; scores. No I/O.

A document: ``_id``; text and embedding in the fields that the store is given (``content``, ``embedding``);
``content_hash`` and ``created_at`` as PraisonAI writes them; ``metadata`` as JSON text, absent for None; ``facts`` that
filters ask for; ``write``, which tells one write from another. The embedding is BSON's vector of float32, or a list of
numbers where an index of Cosmos DB takes only that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from bson import encode as to_bson
from bson.binary import Binary, BinaryVectorDtype

from praison_persist.errors import InvalidInputError
from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance

from .filters import FACTS, stored_facts

__all__ = ["SCORE", "WRITE", "Fields", "Place", "Row", "entry_of", "place_of", "vector_of", "vector_to"]

Row = dict[str, Any]

WRITE = "write"
SCORE = "score"
"""Where a search puts the engine's score."""

_LARGEST = 16 * 1024 * 1024


class Place(NamedTuple):
    """Where a collection is.

    Attributes:
        documents: MongoDB's name of it.
        kind: of its vector index; None where it has none.
        indexed: searches use that.
    """

    documents: str
    kind: str | None
    indexed: bool


class Fields(NamedTuple):
    """The names of the fields with the text and with the embedding."""

    text: str
    embedding: str

    def reserved(self) -> bool:
        """Whether one of the names is no field's, or another field's."""
        taken = {"_id", "content_hash", "created_at", "metadata", FACTS, WRITE, SCORE}
        return len({*self, *taken}) < len(taken) + 2 or any(not name or set(name) & set(".$\0") for name in self)

    def unread(self) -> Row:
        """The projection for whole documents."""
        return {FACTS: 0, WRITE: 0}

    def to_row(self, document: KnowledgeDocument, write: str, vector: Any) -> Row:
        """A checked document as MongoDB keeps it, with its embedding in the form given.

        Raises:
            InvalidInputError: larger than MongoDB takes.
        """
        text = cast("str", encode_text(document.content))
        row: Row = {
            "_id": document.id,
            self.text: text,
            self.embedding: vector,
            "created_at": float(document.created_at),
            FACTS: stored_facts(document.metadata),
            WRITE: write,
        }
        if document.content_hash is not None:
            row["content_hash"] = document.content_hash
        letters = len(text)
        if document.metadata is not None:
            row["metadata"] = encode(document.metadata)
            letters += len(row["metadata"]) + sum(map(len, row[FACTS]))
        # Counting exactly means to encode twice, so it is left to those that may be too large.
        if letters * 4 > _LARGEST // 2 and (size := len(to_bson(row))) > _LARGEST:
            raise InvalidInputError(
                f"document {document.id!r:.80} would have {size} bytes; MongoDB keeps {_LARGEST} in one document",
                hint="split the content into smaller documents, or keep less metadata",
            )
        return row

    def to_document(self, row: Mapping[str, Any], score: float | None = None) -> KnowledgeDocument:
        """The document; with its embedding, if the row has that."""
        embedding = row.get(self.embedding)
        return KnowledgeDocument(
            id=row["_id"],
            content=cast("str", decode_text(row[self.text])),
            embedding=None if embedding is None else vector_to(embedding),
            metadata=self.to_metadata(row),
            content_hash=row.get("content_hash"),
            created_at=row["created_at"],
            score=score,
        )

    def to_metadata(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """The metadata of a document."""
        text = row.get("metadata")
        return None if text is None else decode(text, "document")


def vector_of(embedding: Sequence[float]) -> Binary:
    """An embedding as MongoDB keeps and compares it."""
    return Binary.from_vector(list(embedding), BinaryVectorDtype.FLOAT32)


def vector_to(vector: Binary | list[float]) -> list[float]:
    """The embedding."""
    return vector if isinstance(vector, list) else cast("list[float]", vector.as_vector().data)


def entry_of(info: CollectionInfo, place: Place) -> Row:
    """A collection's entry in the catalog."""
    entry: Row = {
        "_id": info.name,
        "dimension": info.dimension,
        "distance": info.distance,
        "documents": place.documents,
        "indexed": place.kind or False,
    }
    if info.metadata is not None:
        entry["metadata"] = encode(info.metadata, "collection metadata")
    return entry


def place_of(entry: Mapping[str, Any]) -> tuple[CollectionInfo, Place]:
    """The collection of an entry in the catalog, and where it is."""
    metadata = entry.get("metadata")
    info = CollectionInfo(
        entry["_id"],
        entry["dimension"],
        cast("Distance", entry["distance"]),
        None if metadata is None else decode(metadata, "collection"),
    )
    kind = entry["indexed"] or None
    return info, Place(entry["documents"], kind, kind is not None)
