"""Indexes of MongoDB's vector search and requests to them, in MongoDB's own words. Pure functions, no client."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from praison_persist.errors import ConfigurationError
from praison_persist.knowledge import CollectionInfo
from praison_persist.validation import check_limit

from .convert import SCORE, WRITE, Fields, vector_of
from .filters import FACTS

__all__ = ["MAX_WRITTEN", "MOST", "SearchIndex"]

MOST = 10_000
"""Most candidates, and so most documents, of one search."""

MAX_WRITTEN = 1000
"""Most documents of one write."""

_MAX_DIMENSION = 8192
_QUANTIZATIONS = ("none", "scalar", "binary")
_DISTANCES = ("cosine", "euclidean")
_RATIO, _FEWEST = 20, 200

Stage = dict[str, Any]


class SearchIndex(NamedTuple):
    """What the index of each collection is like.

    Attributes:
        name: of it.
        options: of its vector field.
    """

    name: str
    options: Stage

    @classmethod
    def of(cls, name: str, quantization: str, max_edges: int, num_edge_candidates: int) -> SearchIndex:
        """From the constructor's arguments.

        Raises:
            ConfigurationError, InvalidInputError: no name, or an option out of the range that MongoDB takes.
        """
        if not isinstance(name, str) or not name or "\0" in name:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"index_name {name!r} is no name of an index")
        if quantization not in _QUANTIZATIONS:
            raise ConfigurationError(
                f"quantization {quantization!r} is not known", hint=f"choose one of {', '.join(_QUANTIZATIONS)}"
            )
        if not 16 <= (check_limit(max_edges, "max_edges") or 0) <= 64:
            raise ConfigurationError(f"max_edges must be 16 to 64, got {max_edges!r}")
        if not 100 <= (check_limit(num_edge_candidates, "num_edge_candidates") or 0) <= 3200:
            raise ConfigurationError(f"num_edge_candidates must be 100 to 3200, got {num_edge_candidates!r}")
        graph = {"maxEdges": max_edges, "numEdgeCandidates": num_edge_candidates}
        options: Stage = {} if quantization == "none" else {"quantization": quantization}
        return cls(
            name, options if graph == {"maxEdges": 16, "numEdgeCandidates": 100} else {**options, "hnswOptions": graph}
        )

    def why_not(self, info: CollectionInfo) -> str | None:
        """What keeps a collection from having such an index; None for nothing."""
        if info.distance not in _DISTANCES:
            # Its dot product is for vectors of length 1; the score of others is cut off below.
            return f"MongoDB's indexes do not order by distance {info.distance!r}"
        return (
            f"MongoDB's indexes have at most {_MAX_DIMENSION} dimensions" if info.dimension > _MAX_DIMENSION else None
        )

    def definition(self, info: CollectionInfo, fields: Fields) -> Stage:
        """The index of a collection."""
        vector = {
            "type": "vector",
            "path": fields.embedding,
            "numDimensions": info.dimension,
            "similarity": info.distance,
            **self.options,
        }
        return {"fields": [vector, {"type": "filter", "path": FACTS}, {"type": "filter", "path": WRITE}]}

    def nearest(
        self,
        fields: Fields,
        vector: Sequence[float],
        limit: int,
        candidates: int | None,
        where: Stage | None,
        *,
        whole: bool,
    ) -> list[Stage]:
        """The pipeline for the nearest documents with MongoDB's score.

        Args:
            candidates: to look at; None for the default.
            where: on fields of the index.
            whole: with the embeddings.
        """
        asked: Stage = {
            **self._asked(fields, vector, limit),
            "numCandidates": max(limit, candidates or min(max(limit * _RATIO, _FEWEST), MOST)),
        }
        if where is not None:
            asked["filter"] = where
        unread = [FACTS, WRITE] if whole else [FACTS, WRITE, fields.embedding]
        return [{"$vectorSearch": asked}, {"$set": {SCORE: {"$meta": "vectorSearchScore"}}}, {"$unset": unread}]

    def written(self, fields: Fields, vector: Sequence[float], writes: Collection[str]) -> list[Stage]:
        """The pipeline for the ids of all documents that the index has from these writes."""
        most = min(MAX_WRITTEN * len(writes), MOST)
        asked = {**self._asked(fields, vector, most), "exact": True, "filter": {WRITE: {"$in": list(writes)}}}
        return [{"$vectorSearch": asked}, {"$project": {"_id": 1}}]

    def _asked(self, fields: Fields, vector: Sequence[float], limit: int) -> Stage:
        return {"index": self.name, "path": fields.embedding, "queryVector": vector_of(vector), "limit": limit}
