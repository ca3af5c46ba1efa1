"""The engines that frameworks have partner packages for, in their own words: filters over tokens, distances, keys.

Pure functions on plain mappings and texts; no client is imported, and no framework is known.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

from ..filtertokens import EVERYTHING, AllOf, AnyOf, Has, Tokens
from ..scores import Distance
from .records import TOKENS

__all__ = ["chroma_distance", "chroma_where", "qdrant_distance", "qdrant_filter", "qdrant_key"]


def chroma_distance(configuration: Mapping[str, Any]) -> Distance:
    """What a collection of Chroma ranks by, from its configuration; squared L2 ranks as ``euclidean``."""
    index = cast("Mapping[str, Any]", configuration.get("hnsw") or configuration.get("spann") or {})
    known: dict[str, Distance] = {"cosine": "cosine", "ip": "dot"}
    return known.get(index.get("space", "l2"), "euclidean")


def chroma_where(tokens: Tokens) -> dict[str, Any] | None:
    """Chroma's ``where`` for records whose metadata has the tokens; None for all."""
    if tokens == EVERYTHING:
        return None
    if isinstance(tokens, (AllOf, AnyOf)):
        return {"$and" if isinstance(tokens, AllOf) else "$or": [chroma_where(part) for part in tokens.operands]}
    return {TOKENS: {"$contains" if isinstance(tokens, Has) else "$not_contains": tokens.token}}


def qdrant_distance(name: str) -> Distance:
    """What a collection of Qdrant ranks by, from the name of its distance."""
    known: dict[str, Distance] = {"Cosine": "cosine", "Dot": "dot", "Euclid": "euclidean", "Manhattan": "manhattan"}
    return known[name]


def qdrant_filter(tokens: Tokens, key: str) -> dict[str, Any] | None:
    """Qdrant's filter, as in its REST interface, for points with the tokens at ``key``; None for all."""
    if tokens == EVERYTHING:
        return None
    if isinstance(tokens, AllOf):
        return {"must": [qdrant_filter(part, key) for part in tokens.operands]}
    if isinstance(tokens, AnyOf):
        return {"should": [qdrant_filter(part, key) for part in tokens.operands]}
    return {"must" if isinstance(tokens, Has) else "must_not": [{"key": key, "match": {"value": tokens.token}}]}


def qdrant_key(id_: str) -> str:
    """The UUID that a document has in Qdrant, which takes no other texts as ids: the id itself if it is one."""
    with suppress(ValueError):
        if str(uuid.UUID(id_)) == id_:
            return id_
    return str(uuid.uuid5(_NAMESPACE, id_))


_NAMESPACE = uuid.UUID("8a1de0f7-6c57-5d0e-9d5c-4f0f6f1f2f0b")
