"""Vector indexes of Azure Cosmos DB for MongoDB (vCore) and requests to them, in Microsoft's own words.

They belong to the collection as others do, have what was written at once, and take lists of numbers. A filter is of
what the index has found, so that a search may find fewer documents than there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from praison_persist.errors import ConfigurationError
from praison_persist.knowledge import CollectionInfo
from praison_persist.scores import Distance
from praison_persist.steps import Steps

from .convert import SCORE, Fields, Row
from .indexes import candidates_for, check_name, in_range

__all__ = ["CosmosIndex"]

_SIMILARITIES: Mapping[Distance, str] = {"cosine": "COS", "euclidean": "L2", "dot": "IP"}
_KIND = "cosmosSearch"


class _Graph(NamedTuple):
    """Microsoft's names for the options of a kind of index, with the least, the most and the default."""

    edges: tuple[str, int, int, int]
    building: tuple[str, int, int, int]
    searching: str


_GRAPHS = {
    "hnsw": _Graph(("m", 2, 100, 16), ("efConstruction", 4, 1000, 64), "efSearch"),
    "diskann": _Graph(("maxDegree", 20, 2048, 32), ("lBuild", 10, 500, 50), "lSearch"),
}


@dataclass(frozen=True)
class CosmosIndex:
    """What the vector index of each collection is like; attributes and methods as of `AtlasIndex`."""

    name: str
    options: Row
    searching: str | None

    kind: ClassVar[str] = "cosmos"
    distances: ClassVar[tuple[Distance, ...]] = tuple(_SIMILARITIES)
    most: ClassVar[int] = 1000
    overlooks: ClassVar[bool] = True

    @classmethod
    def of(
        cls,
        name: str,
        vector_index: str,
        quantization: str,
        max_edges: int | None = None,
        num_edge_candidates: int | None = None,
    ) -> CosmosIndex:
        """From the constructor's arguments.

        Raises:
            ConfigurationError, InvalidInputError: no name, no kind, or an option out of the range that Cosmos DB takes.
        """
        graph = _GRAPHS.get(vector_index)
        if graph is None and vector_index != "ivf":
            raise ConfigurationError(
                f"vector_index {vector_index!r} is not known", hint="choose one of hnsw, diskann, ivf"
            )
        if quantization not in ("none", "half") or (quantization == "half" and vector_index == "diskann"):
            raise ConfigurationError(f"quantization {quantization!r} is not known to vector_index={vector_index!r}")
        options: Row = {"kind": f"vector-{vector_index}"}
        if graph is None:
            if (max_edges, num_edge_candidates) != (None, None):
                raise ConfigurationError("max_edges and num_edge_candidates are not for vector_index='ivf'")
            options["numLists"] = 1  # an index that is made before there are documents has nothing to divide them by
        else:
            for value, what, (key, least, most, default) in (
                (max_edges, "max_edges", graph.edges),
                (num_edge_candidates, "num_edge_candidates", graph.building),
            ):
                options[key] = in_range(value, what, least, most) or default
            if vector_index == "hnsw" and options["efConstruction"] < 2 * options["m"]:
                raise ConfigurationError("num_edge_candidates must be at least twice max_edges")
        if quantization == "half":
            options["compression"] = "half"
        return cls(check_name(name), options, graph.searching if graph else None)

    def why_not(self, info: CollectionInfo) -> str | None:
        """What keeps a collection from having such an index; None for nothing."""
        most = 4000 if "compression" in self.options else 2000
        return None if 2 <= info.dimension <= most else f"such an index of Cosmos DB has 2 to {most} dimensions"

    def state(self, documents: Any, fields: Fields) -> Steps[tuple[str, bool] | None]:
        """Whether a collection has an index, which can be asked then; None where there is none."""
        cursor = yield documents.list_indexes()
        listed: list[Row] = yield cursor.to_list()
        return ("READY", True) if any(one["key"].get(fields.embedding) == _KIND for one in listed) else None

    def make(self, documents: Any, info: CollectionInfo, fields: Fields) -> Steps[None]:
        """Make the index of a collection."""
        like = {**self.options, "similarity": _SIMILARITIES[info.distance], "dimensions": info.dimension}
        yield documents.create_index([(fields.embedding, _KIND)], name=self.name, cosmosSearchOptions=like)

    def scores(self, distance: Distance) -> bool:
        """Whether the server's scores tell ours: not those of compressed numbers."""
        del distance
        return "compression" not in self.options

    def to_score(self, distance: Distance, value: float) -> float:
        """Our score for the server's: the cosine, the dot product, or the distance itself."""
        if distance == "euclidean":
            return 1.0 / (1.0 + value)
        return min(1.0, max(-1.0, value)) if distance == "cosine" else value

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
        """The pipeline for the nearest documents with the server's score."""
        asked: Row = {"path": fields.embedding, "vector": list(vector), "k": limit}
        if self.searching is not None:
            asked[self.searching] = candidates_for(limit, candidates, self.most)
        if where is not None:
            asked["filter"] = where
        wanted = ["_id", fields.text, "content_hash", "created_at", "metadata", *([fields.embedding] if whole else [])]
        # Only naming what is wanted leaves out a field that the server adds.
        return [
            {"$search": {_KIND: asked, "returnStoredSource": True}},
            {"$project": {**dict.fromkeys(wanted, 1), SCORE: {"$meta": "searchScore"}}},
        ]
