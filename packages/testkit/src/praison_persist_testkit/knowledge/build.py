"""Short ways to make collections, documents and vectors for the clauses; deterministic, float32-exact."""

from __future__ import annotations

import copy
import math
import random
import struct
from collections.abc import Sequence
from typing import Any, cast

from praison_persist.knowledge import KnowledgeDocument

from ..exact import assert_record
from ..running import Handle

__all__ = ["DOCS", "assert_document", "collection", "document", "documents", "float32", "found_ids", "vectors"]

DOCS = "docs"


def float32(value: float) -> float:
    """The nearest number that a float32 holds, so that no engine has to round it."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def vectors(count: int, dimension: int, seed: int) -> list[list[float]]:
    """Random directions, the same on every machine."""
    source = random.Random(seed)  # noqa: S311 - test data, the same each time
    return [[float32(source.gauss(0, 1)) for _ in range(dimension)] for _ in range(count)]


def document(id_: str, content: str | None = None, embedding: Sequence[float] = (1.0, 2.0, 2.0), **fields: Any) -> Any:
    """A document of dimension 3 with its id as content."""
    text = id_ if content is None else content
    return KnowledgeDocument(id=id_, content=text, embedding=list(embedding), **fields)


def documents(count: int, prefix: str = "d", **fields: Any) -> list[Any]:
    """``count`` documents ``d0``, ``d1`` ... with different vectors of dimension 3."""
    return [
        document(f"{prefix}{i}", embedding=[float32(math.cos(i)), float32(math.sin(i)), 1.0], **fields)
        for i in range(count)
    ]


async def collection(store: Handle, given: Sequence[Any] = (), *, name: str = DOCS, **arguments: Any) -> None:
    """Create a collection of dimension 3 with these documents."""
    await store.create_collection(name, **{"dimension": 3, **arguments})
    if given:
        await store.insert(name, copy.deepcopy(list(given)))


async def found_ids(store: Handle, name: str = DOCS, filters: Any = None) -> list[str]:
    """The ids of all documents that match, sorted."""
    return sorted([one.id for one in await store.iter_documents(name, filters)])


def assert_document(actual: Any, expected: Any) -> None:
    """Fails when a document differs; embeddings may differ by what float32 rounds."""
    assert_record(actual, expected, ignore=["embedding", "score"])
    assert actual.score is None
    vector = cast("list[Any]", actual.embedding)
    assert type(vector) is list
    assert len(vector) == len(expected.embedding)
    for mine, other in zip(vector, expected.embedding, strict=True):
        assert isinstance(mine, float)
        assert math.isclose(mine, other, rel_tol=1e-5, abs_tol=1e-30), f"embedding has {mine!r}, not {other!r}"
