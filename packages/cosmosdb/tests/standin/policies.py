"""Names and policies of containers: what Cosmos DB takes. Keeps nothing."""

from __future__ import annotations

from typing import Any

from refusal import bad
from sql import Vector

__all__ = ["check_id", "check_policies", "vectors_of"]

_INDEXES = {"flat": 505, "quantizedFlat": 4096, "diskANN": 4096}
"""Kinds of vector indexes, and the most dimensions of each."""


def check_id(id_: Any, what: str) -> None:
    """Refuse an id that a database, container or item cannot have."""
    if not isinstance(id_, str) or not 0 < len(id_) <= 255 or set(id_) & set("/\\?#") or id_.endswith(" "):
        raise bad(f"The {what} id {id_!r} is invalid.")


def check_policies(body: dict[str, Any]) -> None:
    """Refuse a container that Cosmos DB would not make."""
    paths = body.get("partitionKey", {}).get("paths", [])
    if len(paths) != 1 or not paths[0].startswith("/"):
        raise bad("The partition key component definition path is invalid.")
    embeddings = {one.get("path"): one for one in (body.get("vectorEmbeddingPolicy") or {}).get("vectorEmbeddings", [])}
    for path, one in embeddings.items():
        if not str(path).startswith("/") or one.get("dataType") not in ("float32", "float16", "uint8", "int8"):
            raise bad(f"The Vector Embedding Policy's path {path} or its data type is invalid.")
        if one.get("distanceFunction") not in ("cosine", "dotproduct", "euclidean"):
            raise bad("The Vector Embedding Policy's distance function is invalid.")
        dimensions = one.get("dimensions")
        if not isinstance(dimensions, int) or not 1 <= dimensions <= 4096:
            raise bad("The Vector Embedding Policy's dimensions must be from 1 to 4096.")
    for index in (body.get("indexingPolicy") or {}).get("vectorIndexes", []):
        embedding = embeddings.get(index.get("path"))
        if embedding is None or index.get("type") not in _INDEXES:
            raise bad("The Vector Indexing Policy's path or type is invalid.")
        if embedding["dimensions"] > _INDEXES[index["type"]]:
            raise bad(f"A vector index of type {index['type']} has at most {_INDEXES[index['type']]} dimensions.")
        if "quantizationByteSize" in index and (
            index["type"] == "flat" or not 1 <= index["quantizationByteSize"] <= 512
        ):
            raise bad("The Vector Indexing Policy's quantizationByteSize is invalid.")
        if "indexingSearchListSize" in index and not (
            index["type"] == "diskANN" and 10 <= index["indexingSearchListSize"] <= 500
        ):
            raise bad("The Vector Indexing Policy's indexingSearchListSize is invalid.")


def vectors_of(body: dict[str, Any]) -> dict[str, Vector]:
    """The embeddings of a container, by path."""
    policy = body.get("vectorEmbeddingPolicy") or {}
    return {
        one["path"]: Vector(one["distanceFunction"], one["dimensions"]) for one in policy.get("vectorEmbeddings", [])
    }
