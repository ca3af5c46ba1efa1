"""Writes on the wire: points in requests of a size that servers take, and taking back what a failed insert wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from qdrant_client import models

from praison_persist.parts import in_parts
from praison_persist.steps import Steps

__all__ = ["in_requests", "take_back"]

_REQUEST_BYTES = 16 * 2**20
"""Most bytes of points in one request; a server takes 32 MiB by default."""


def take_back(client: Any, name: str, ours: models.Filter, failure: Exception) -> Steps[None]:
    """Take back what a failed insert has written; where that fails too, the first error is the one that counts."""
    try:
        yield client.delete(name, models.FilterSelector(filter=ours))
    except Exception as exc:
        raise failure from exc


def in_requests(points: Sequence[models.PointStruct]) -> Iterator[list[models.PointStruct]]:
    """Points in requests that a server takes, by a rough upper bound of their JSON."""
    return in_parts(points, _bytes_of, _REQUEST_BYTES)


def _bytes_of(point: models.PointStruct) -> int:
    payload = point.payload or {}
    text = len(payload["content"]) + len(str(payload.get("metadata"))) + len(payload.get("exact", ""))
    return 24 * len(cast("list[float]", point.vector)) + 6 * text + 256
