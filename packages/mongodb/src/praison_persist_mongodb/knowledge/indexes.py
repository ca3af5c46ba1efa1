"""Indexes of MongoDB's vector search and requests to them, in MongoDB's own words. Its relative is in `cosmos`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pymongo.operations import SearchIndexModel

from praison_persist.errors import ConfigurationError
from praison_persist.knowledge import CollectionInfo
from praison_persist.scores import Distance
from praison_persist.steps import Steps
from praison_persist.validation import check_limit

from .convert import SCORE, WRITE, Fields, Row, vector_of
from .filters import FACTS

__all__ = ["MAX_WRITTEN", "AtlasIndex", "candidates_for", "check_name", "in_range"]

MAX_WRITTEN = 1000
"""Most documents of one write."""

_MAX_DIMENSION = 8192
_QUANTIZATIONS = ("none", "scalar", "binary")
_RATIO, _FEWEST = 20, 200


@dataclass(frozen=True)
class AtlasIndex:
    """What the index of each collection is like.

    Attributes:
        name: of it.
        options: of its vector field.
        kind: in the catalog, where such an index is.
        distances: that it orders by.
        most: candidates, and so documents, of one search.
        overlooks: a search may find fewer than it is asked for, although there are more.
    """

    name: str
    options: Row

    kind: ClassVar[str] = "atlas"
    distances: ClassVar[tuple[Distance, ...]] = ("cosine", "euclidean")
    most: ClassVar[int] = 10_000
    overlooks: ClassVar[bool] = False

    @classmethod
    def of(
        cls, name: str, quantization: str, max_edges: int | None = None, num_edge_candidates: int | None = None
    ) -> AtlasIndex:
        """From the constructor's arguments.

        Raises:
            ConfigurationError, InvalidInputError: no name, or an option out of the range that MongoDB takes.
        """
        if quantization not in _QUANTIZATIONS:
            raise ConfigurationError(
                f"quantization {quantization!r} is not known", hint=f"choose one of {', '.join(_QUANTIZATIONS)}"
            )
        graph = {
            "maxEdges": in_range(max_edges, "max_edges", 16, 64) or 16,
            "numEdgeCandidates": in_range(num_edge_candidates, "num_edge_candidates", 100, 3200) or 100,
        }
        options: Row = {} if quantization == "none" else {"quantization": quantization}
        return cls(
            check_name(name),
            options if graph == {"maxEdges": 16, "numEdgeCandidates": 100} else {**options, "hnswOptions": graph},
        )

    def why_not(self, info: CollectionInfo) -> str | None:
        """What keeps a collection from having such an index; None for nothing."""
        if info.distance not in self.distances:
            # Its dot product is for vectors of length 1; the score of others is cut off below.
            return f"MongoDB's indexes do not order by distance {info.distance!r}"
        return (
            f"MongoDB's indexes have at most {_MAX_DIMENSION} dimensions" if info.dimension > _MAX_DIMENSION else None
        )

    def state(self, documents: Any, fields: Fields) -> Steps[tuple[str, bool] | None]:
        """What the server says of a collection's index, and whether it can be asked; None where there is none."""
        del fields
        cursor = yield documents.list_search_indexes(self.name)
        listed: list[Row] = yield cursor.to_list()
        return (str(listed[0].get("status")), bool(listed[0].get("queryable"))) if listed else None

    def make(self, documents: Any, info: CollectionInfo, fields: Fields) -> Steps[None]:
        """Begin to make the index of a collection."""
        yield documents.create_search_index(SearchIndexModel(self._definition(info, fields), self.name, "vectorSearch"))

    def scores(self, distance: Distance) -> bool:
        """Whether the server's scores tell ours: its manual does not say whether the euclidean one squares."""
        return distance == "cosine"

    def to_score(self, distance: Distance, value: float) -> float:
        """Our score for the server's, which is half of 1 + cosine."""
        del distance
        return min(1.0, max(-1.0, 2.0 * value - 1.0))

    def _definition(self, info: CollectionInfo, fields: Fields) -> Row:
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
        where: Row | None,
        *,
        whole: bool,
    ) -> list[Row]:
        """The pipeline for the nearest documents with the server's score.

        Args:
            candidates: to look at; None for the default.
            where: on fields of the index.
            whole: with the embeddings.
        """
        asked: Row = {
            **self._asked(fields, vector, limit),
            "numCandidates": candidates_for(limit, candidates, self.most),
        }
        if where is not None:
            asked["filter"] = where
        unread = [FACTS, WRITE] if whole else [FACTS, WRITE, fields.embedding]
        return [{"$vectorSearch": asked}, {"$set": {SCORE: {"$meta": "vectorSearchScore"}}}, {"$unset": unread}]

    def written(self, fields: Fields, vector: Sequence[float], writes: Collection[str]) -> list[Row]:
        """The pipeline for the ids of all documents that the index has from these writes."""
        most = min(MAX_WRITTEN * len(writes), self.most)
        asked = {**self._asked(fields, vector, most), "exact": True, "filter": {WRITE: {"$in": list(writes)}}}
        return [{"$vectorSearch": asked}, {"$project": {"_id": 1}}]

    def _asked(self, fields: Fields, vector: Sequence[float], limit: int) -> Row:
        return {"index": self.name, "path": fields.embedding, "queryVector": vector_of(vector), "limit": limit}


def candidates_for(limit: int, candidates: int | None, most: int) -> int:
    """How many candidates a search for ``limit`` documents looks at."""
    return min(most, max(limit, candidates or max(limit * _RATIO, _FEWEST)))


def check_name(name: Any) -> str:
    """The name of an index.

    Raises:
        ConfigurationError: it is none.
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise ConfigurationError(f"index_name {name!r} is no name of an index")
    return name


def in_range(value: int | None, what: str, least: int, most: int) -> int | None:
    """An option of an index; None where it is not given.

    Raises:
        ConfigurationError, InvalidInputError: out of range, or no number.
    """
    if value is not None and not least <= (check_limit(value, what) or 0) <= most:
        raise ConfigurationError(f"{what} must be {least} to {most}, got {value!r}")
    return value
