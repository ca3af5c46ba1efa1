"""The vector search of Azure Cosmos DB for MongoDB (vCore), as Microsoft documents it and DocumentDB's source has it.

Indexes are of ``createIndexes`` with the key ``cosmosSearch``; ``$search`` with ``cosmosSearch`` asks them. A graph
gives its nearest candidates, as many as the search says, and a filter is of those. Knows nothing of the network.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from operator import mul
from typing import Any, NamedTuple

from mongomock.filtering import filter_applies
from refusal import Refused

__all__ = ["Cosmos"]

Document = dict[str, Any]

MOST_DIMENSIONS = {None: 2000, "half": 4000, "pq": 16_000}


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(map(mul, a, b))


class Similarity(NamedTuple):
    """A metric: the score of two vectors, and whether more is nearer."""

    score: Callable[[Sequence[float], Sequence[float]], float]
    rising: bool


SIMILARITIES = {
    "COS": Similarity(lambda a, b: _dot(a, b) / (math.hypot(*a) * math.hypot(*b)), rising=True),
    "IP": Similarity(_dot, rising=True),
    "L2": Similarity(math.dist, rising=False),
}


class Kind(NamedTuple):
    """A kind of index: the ranges of its options and of its option of a search, with the default of that."""

    options: dict[str, tuple[int, int]]
    asked: tuple[str, int, int, int]
    compressions: tuple[str, ...]


KINDS = {
    "vector-hnsw": Kind({"m": (2, 100), "efConstruction": (4, 1000)}, ("efSearch", 1, 1000, 40), ("half",)),
    "vector-diskann": Kind({"maxDegree": (20, 2048), "lBuild": (10, 500)}, ("lSearch", 10, 1000, 40), ("pq",)),
    "vector-ivf": Kind({"numLists": (1, 32_768)}, ("nProbes", 1, 32_768, 1), ("half",)),
}


class Cosmos:
    """The vector indexes among those of its collections."""

    def check(self, index: Document, known: list[Document]) -> None:
        """Refuse an index that Cosmos DB does not make."""
        options = index.get("cosmosSearchOptions")
        if len(index["key"]) != 1 or not isinstance(options, dict):
            raise _wrong("cosmosSearch index must have one path and cosmosSearchOptions")
        if any(index["key"] == other["key"] for other in known):
            raise _wrong("only one index can be created per vector path")
        kind = KINDS.get(options.get("kind", ""))
        if kind is None:
            raise _wrong(f"Invalid vector index type: {options.get('kind')}")
        if unknown := options.keys() - {"kind", "similarity", "dimensions", "compression"} - kind.options.keys():
            raise _wrong(f"unknown options of {options['kind']}: {sorted(unknown)}")
        if options.get("similarity") not in SIMILARITIES:
            raise _wrong("similarity must be one of COS, L2, IP")
        compression = options.get("compression")
        if compression not in (None, *kind.compressions):
            raise _wrong(f"{options['kind']} does not support compression {compression!r}")
        most = MOST_DIMENSIONS[compression]
        if not _is_number(options.get("dimensions")) or not 1 < options["dimensions"] <= most:
            raise _wrong(f"field cannot have more than {most} dimensions for vector index, and must have more than 1")
        for name, (least, most) in kind.options.items():
            if name in options and not (_is_number(options[name]) and least <= options[name] <= most):
                raise _wrong(f"{name} must be between {least} and {most}")
        if options.get("efConstruction", 64) < 2 * options.get("m", 16):
            raise _wrong("efConstruction must be greater than or equal to 2 * m for vector-hnsw indexes")

    def found(self, indexes: list[Document], collection: Any, pipeline: list[Document]) -> list[Document]:
        """The result of a pipeline that begins with ``$search``."""
        if any("$search" in stage for stage in pipeline[1:]):
            raise _wrong("$search must be the first stage in the pipeline")
        spec = pipeline[0]["$search"]
        if unknown := spec.keys() - {"cosmosSearch", "returnStoredSource", "index"}:
            raise _wrong(f"Unrecognized $search option: {sorted(unknown)}, should be one of: cosmosSearch, knnBeta.")
        rows = self._nearest(indexes, collection, spec["cosmosSearch"])
        for stage in pipeline[1:]:
            rows = [_shaped(stage, row) for row in rows]
        return rows

    def _nearest(self, indexes: list[Document], collection: Any, asked: Document) -> list[Document]:
        path, k, query = asked.get("path"), asked.get("k"), asked.get("vector")
        if not isinstance(path, str):
            raise _wrong("$path is required field for using a vector index.")
        if not _is_number(k) or k < 1:
            raise _wrong("$k must be a positive integer.")
        if not _is_vector(query):
            raise _wrong("$vector must be an array of numbers.")
        index = next((one for one in indexes if one["key"] == {path: "cosmosSearch"}), None)
        if index is None:
            raise _wrong("Similarity index was not found for a vector similarity search query.")
        options = index["cosmosSearchOptions"]
        if len(query) != options["dimensions"]:
            raise _wrong(f"expected {options['dimensions']} dimensions, not {len(query)}")
        candidates = _candidates(options, asked)
        condition = asked.get("filter") or {}
        _check_filter(condition, {next(iter(one["key"])) for one in indexes if list(one["key"].values()) == [1]})
        similarity = SIMILARITIES[options["similarity"]]
        query = _kept(query, options)
        scored: list[tuple[float, Document]] = []
        for one in collection._iter_documents({}):  # find() would copy them
            numbers = one.get(path)
            if not _is_vector(numbers) or len(numbers) != len(query):
                continue  # "prevents the document from being indexed"
            if any(numbers) or options["similarity"] != "COS":
                scored.append((similarity.score(_kept(numbers, options), query), one))
        scored.sort(key=lambda pair: pair[0], reverse=similarity.rising)
        matching = [pair for pair in scored[:candidates] if not condition or filter_applies(condition, pair[1])]
        return [{**one, "__cosmos_meta__": {"score": score}} for score, one in matching[:k]]


def _candidates(options: Document, asked: Document) -> int | None:
    """How many the index looks at; None for all."""
    name, least, most, default = KINDS[options["kind"]].asked
    if unknown := asked.keys() - {"path", "vector", "k", "filter", name}:
        raise _wrong(f"unknown fields of cosmosSearch with {options['kind']}: {sorted(unknown)}")
    value = asked.get(name, default)
    if not _is_number(value) or not least <= value <= most:
        raise _wrong(f"${name} must be between {least} and {most}")
    if name == "nProbes":
        if options.get("numLists", 100) != 1:
            raise NotImplementedError("an index of several lists")
        return None
    if name == "lSearch" and asked["k"] > value:
        raise _wrong("k must be less than or equal to lSearch")
    return value


def _kept(numbers: Sequence[float], options: Document) -> Sequence[float]:
    """The numbers as the index has them."""
    if options.get("compression") != "half":
        return numbers
    form = f"{len(numbers)}e"
    return struct.unpack(form, struct.pack(form, *numbers))


def _check_filter(condition: Document, paths: set[str]) -> None:
    for key, operand in condition.items():
        if key in ("$and", "$or", "$nor"):
            for part in operand:
                _check_filter(part, paths)
        elif key not in paths:
            raise _wrong(f"The index for filter path '{key}' was not found, please check whether the index is created.")


def _shaped(stage: Document, row: Document) -> Document:
    """What a stage makes of a row; only naming what is wanted leaves out what the server adds."""
    ((name, what),) = stage.items()
    if name != "$project" or any(value not in (1, {"$meta": "searchScore"}) for value in what.values()):
        raise NotImplementedError(f"{stage} after $search")
    shaped = {key: row[key] for key in {"_id": 1, **what} if key in row}
    return {**shaped, **{key: row["__cosmos_meta__"]["score"] for key, value in what.items() if value != 1}}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and set(map(type, value)) <= {int, float}


def _wrong(text: str) -> Refused:
    return Refused(2, "BadValue", text)
