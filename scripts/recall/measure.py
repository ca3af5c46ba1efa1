"""recall@10 of one store against the exact reference, unfiltered and filtered. Knows no engine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from praison_persist import KnowledgeDocument, KnowledgeStore
from praison_persist.filters import matches, parse_filter

from .corpus import QUERIES

__all__ = ["FILTERS", "Row", "measure"]

LIMIT = 10

FILTERS: Mapping[str, dict[str, Any] | None] = {
    "unfiltered": None,
    "verbs (12 %)": {"part": "verb"},
    "every 50th (2 %)": {"fifty": 0},
}


@dataclass(frozen=True)
class Row:
    """One figure: the share of the true ten nearest that were found, and how long a search took.

    Attributes:
        engine: as in the catalogue of this tool.
        search: which filter.
        recall: 0 to 1, the mean over all queries.
        milliseconds: the median of one search.
    """

    engine: str
    search: str
    recall: float
    milliseconds: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(name: str, store: KnowledgeStore, vectors: np.ndarray, parts: np.ndarray) -> Iterator[Row]:
    """Fill a new collection, ask, and delete it again.

    Args:
        name: of the engine, for the rows.
        store: open.
        vectors: ``(count + QUERIES, dimension)``; the last `QUERIES` are asked for.
        parts: the part of speech of each text, same length.
    """
    stored, queries = vectors[:-QUERIES], vectors[-QUERIES:]
    collection = f"recall_{time.time_ns()}"
    store.create_collection(collection, vectors.shape[1])
    try:
        store.upsert_many(collection, _documents(stored, parts), batch_size=500)
        unit = stored / np.linalg.norm(stored, axis=1, keepdims=True)
        metadata = [_metadata(number, parts) for number in range(len(stored))]
        for label, filters in FILTERS.items():
            condition = parse_filter(filters)
            allowed = np.array([number for number, one in enumerate(metadata) if matches(condition, one)])
            hits, seconds = 0, list[float]()
            for query in queries:
                scores = unit[allowed] @ query
                best = {str(allowed[i]) for i in np.argpartition(-scores, LIMIT)[:LIMIT]}
                began = time.perf_counter()
                found = store.search(collection, query.tolist(), LIMIT, filters)
                seconds.append(time.perf_counter() - began)
                hits += len(best & {document.id for document in found})
            yield Row(name, label, hits / (LIMIT * len(queries)), 1000 * float(np.median(seconds)))
    finally:
        store.delete_collection(collection)


def _documents(vectors: np.ndarray, parts: np.ndarray) -> Iterator[KnowledgeDocument]:
    for number, vector in enumerate(vectors):
        yield KnowledgeDocument(
            id=str(number),
            content=f"definition {number}",
            embedding=vector.tolist(),
            metadata=_metadata(number, parts),
        )


def _metadata(number: int, parts: np.ndarray) -> dict[str, Any]:
    return {"part": str(parts[number]), "fifty": number % 50}
