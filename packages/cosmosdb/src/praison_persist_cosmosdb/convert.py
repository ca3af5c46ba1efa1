"""Collections and documents as containers and items of Cosmos DB, and back; names, ids, scores. No I/O.

An item of a document::

    id, partition     partition is the same for all documents of a collection: what is in one can be written at once
    doc_id            where Cosmos DB does not take the document's id as the item's
    content, embedding, created_at, content_hash    the first two in the fields that the store is given
    metadata          the metadata as JSON text; absent for None
    facts, min..., max...    what filters ask for, see `praison_persist.facets`
    write             tells one write from another
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from praison_persist.errors import InvalidInputError, UnsupportedError
from praison_persist.facets import facets_of
from praison_persist.jsontext import decode, decode_text, encode, encode_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance, score

from .options import Fields, NewContainer

__all__ = [
    "ABOUT",
    "ABOUT_PARTITION",
    "DOCUMENTS",
    "Item",
    "Row",
    "about",
    "definition",
    "describe",
    "to_document",
    "to_item",
    "to_item_id",
    "to_score",
]

Row = dict[str, Any]

DOCUMENTS = "documents"
"""The partition of a collection's documents."""

ABOUT, ABOUT_PARTITION = "collection", "about"
"""The item with what Cosmos DB does not keep of a collection, and its partition."""

_FUNCTIONS: Mapping[Distance, str] = {"cosine": "cosine", "dot": "dotproduct", "euclidean": "euclidean"}
_LARGEST = 2 * 1024 * 1024
_LONGEST_ID = 255
_LONGEST_NUMBER = len("-1.2345678901234567e-100,")
_IN_NO_ID = frozenset("/\\?#")


class Item(NamedTuple):
    """An item to be written.

    Attributes:
        body: as the client takes it.
        size: bytes of its JSON, or somewhat more.
    """

    body: Row
    size: int


def definition(info: CollectionInfo, fields: Fields, new: NewContainer) -> dict[str, Any]:
    """The policies of a collection's container, as the client's call that creates it takes them."""
    path = f"/{fields.embedding}"
    return {
        "vector_embedding_policy": {
            "vectorEmbeddings": [
                {
                    "path": path,
                    "dataType": "float32",
                    "distanceFunction": _FUNCTIONS[info.distance],
                    "dimensions": info.dimension,
                }
            ]
        },
        "indexing_policy": {
            "indexingMode": "consistent",
            "automatic": True,
            "includedPaths": [{"path": "/*"}],
            "excludedPaths": [
                {"path": '/"_etag"/?'},
                {"path": f"{path}/*"},
                {"path": f"/{fields.text}/?"},
                {"path": "/metadata/?"},
            ],
            "vectorIndexes": [{"path": path, "type": new.vector_index, **new.options}],
        },
    }


def describe(
    name: str, properties: Mapping[str, Any], kept: Mapping[str, Any] | None, fields: Fields
) -> tuple[CollectionInfo, bool]:
    """The collection behind a container, and whether its vector index may overlook documents.

    Args:
        name: of the collection.
        properties: what Cosmos DB tells of the container.
        kept: the item `about` it, if there is one.

    Raises:
        UnsupportedError: the container has no such embedding, or is divided in another way.
    """
    policy: Mapping[str, Any] = properties.get("vectorEmbeddingPolicy") or {}
    path = f"/{fields.embedding}"
    vector = next((one for one in policy.get("vectorEmbeddings", []) if one["path"] == path), None)
    if vector is None or properties["partitionKey"]["paths"] != ["/partition"]:
        raise UnsupportedError(
            f"container {properties['id']!r} has no embeddings at {path}, or other partitions",
            hint="this store works with containers that it made; is embedding_field the one of then?",
        )
    distance: Distance = next(ours for ours, theirs in _FUNCTIONS.items() if theirs == vector["distanceFunction"])
    indexes = (properties.get("indexingPolicy") or {}).get("vectorIndexes") or []
    metadata = None if kept is None else decode(kept["metadata"], "collection")
    approximate = any(one["path"] == path and one["type"] == "diskANN" for one in indexes)
    return CollectionInfo(name, vector["dimensions"], distance, metadata), approximate


def about(info: CollectionInfo) -> Row:
    """The item with a collection's metadata."""
    return {"id": ABOUT, "partition": ABOUT_PARTITION, "metadata": encode(info.metadata, "collection metadata")}


def to_item_id(document_id: str) -> str:
    """The item's id of a document: itself where Cosmos DB takes it, else a digest."""
    if (
        len(document_id) <= _LONGEST_ID
        and document_id.isascii()
        and document_id.isprintable()
        and not set(document_id) & _IN_NO_ID
        and document_id[0] != "~"
        and document_id[-1] != " "
    ):
        return document_id
    return f"~{hashlib.blake2b(document_id.encode(), digest_size=20).hexdigest()}"


def to_item(document: KnowledgeDocument, fields: Fields, write: str) -> Item:
    """The item of a checked document; ``write`` names the write that brings it.

    Raises:
        InvalidInputError: larger than Cosmos DB takes.
    """
    body: Row = {
        "id": to_item_id(document.id),
        "partition": DOCUMENTS,
        fields.text: encode_text(document.content),
        fields.embedding: document.embedding,
        "created_at": float(document.created_at),
        "write": write,
        **facets_of(document.metadata),
    }
    if body["id"] != document.id:
        body["doc_id"] = document.id
    if document.content_hash is not None:
        body["content_hash"] = document.content_hash
    if document.metadata is not None:
        body["metadata"] = encode(document.metadata)
    # To write the numbers twice would cost a fifth of an insert, so their length is only counted where it matters.
    size = _bytes({**body, fields.embedding: []}) + _LONGEST_NUMBER * len(document.embedding or ())
    if size > _LARGEST:
        size = _bytes(body)
    if size > _LARGEST:
        raise InvalidInputError(
            f"document {document.id!r:.80} would have {size} bytes; Cosmos DB keeps {_LARGEST} in one item",
            hint="split the content into smaller documents, or keep less metadata",
        )
    return Item(body, size)


def _bytes(body: Row) -> int:
    """The length of an item as the client sends it."""
    return len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def to_document(row: Row, fields: Fields, score: float | None = None) -> KnowledgeDocument:
    """The document; with its embedding, if the row has that."""
    embedding = row.get(fields.embedding)
    text = row.get("metadata")
    return KnowledgeDocument(
        id=row.get("doc_id", row["id"]),
        content=cast("str", decode_text(row[fields.text])),
        embedding=None if embedding is None else [float(value) for value in embedding],
        metadata=None if text is None else decode(text, "document"),
        content_hash=row.get("content_hash"),
        created_at=float(row["created_at"]),
        score=score,
    )


def to_score(row: Row, distance: Distance, vector: list[float], fields: Fields) -> float:
    """The contract's score: Cosmos DB's own for cosine and dot, else from the embedding, which is taken from the row.

    Its manual does not say whether a euclidean distance is a length or its square.
    """
    if distance == "euclidean":
        return score(distance, row.pop(fields.embedding), vector)
    value = float(row["score"])
    return value if distance == "dot" else min(1.0, max(-1.0, value))
