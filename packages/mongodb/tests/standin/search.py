"""MongoDB's vector search as its manual describes it: indexes, ``$vectorSearch`` and its limits, by brute force.

Searches see writes after a lag, and return the documents as they are now. Knows nothing of the network.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from operator import mul
from typing import Any

from bson.binary import Binary
from mongomock.filtering import filter_applies
from refusal import Refused

__all__ = ["Search"]

Document = dict[str, Any]

MOST_DIMENSIONS, MOST_CANDIDATES = 8192, 10_000
OPERATORS = frozenset(
    {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$not", "$nor", "$and", "$or"}
)


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(map(mul, a, b))


SCORES: dict[str, Callable[[Sequence[float], Sequence[float]], float]] = {
    "cosine": lambda a, b: (1 + _dot(a, b) / (math.hypot(*a) * math.hypot(*b))) / 2,
    "dotProduct": lambda a, b: max(0.0, (1 + _dot(a, b)) / 2),
    "euclidean": lambda a, b: 1 / (1 + math.dist(a, b)),
}


class Search:
    """The search indexes of a server.

    Args:
        lag: seconds after which searches see a write.
        building: seconds after which a new index is ready.
    """

    def __init__(self, lag: float, building: float) -> None:
        self._lag = lag
        self._building = building
        self._indexes: dict[str, dict[str, Document]] = {}
        self._history: dict[str, list[tuple[float, dict[Any, Document]]]] = {}

    def create(self, place: str, index: Document) -> Document:
        """Make an index of a collection."""
        name, fields = index.get("name", "default"), index["definition"].get("fields", [])
        if index.get("type") != "vectorSearch" or not _is_definition(fields):
            raise Refused(2, "BadValue", "Invalid index definition")
        known = self._indexes.setdefault(place, {})
        if name in known:
            raise Refused(68, "IndexAlreadyExists", "Duplicate Index")
        known[name] = {"definition": index["definition"], "made": time.monotonic()}
        return {"id": f"{len(known):024x}", "name": name}

    def drop(self, place: str, name: str | None) -> None:
        """Delete an index, or all of a collection."""
        if name is None:
            self._indexes.pop(place, None)
            self._history.pop(place, None)
        elif self._indexes.get(place, {}).pop(name, None) is None:
            raise Refused(27, "IndexNotFound", "Search index does not exist")

    def listed(self, place: str, name: str | None) -> list[Document]:
        """What ``$listSearchIndexes`` tells."""
        return [
            {
                "name": known,
                "type": "vectorSearch",
                "status": "READY" if self._is_ready(index) else "BUILDING",
                "queryable": self._is_ready(index),
                "latestDefinition": index["definition"],
            }
            for known, index in self._indexes.get(place, {}).items()
            if name in (None, known)
        ]

    def written(self, place: str, collection: Any) -> None:
        """Take notice of a write to a collection."""
        if self._lag and place in self._indexes:
            self._history.setdefault(place, []).append(
                (time.monotonic(), {one["_id"]: one for one in collection.find()})
            )

    def found(self, place: str, collection: Any, pipeline: list[Document]) -> list[Document]:
        """The result of a pipeline that begins with ``$vectorSearch``."""
        asked = pipeline[0]["$vectorSearch"]
        scored = self._scored(place, collection, asked)
        rows: list[tuple[float, Document]] = []
        for score, id_ in scored[: asked["limit"]]:
            rows += [(score, one) for one in collection.find({"_id": id_})]  # a document that is gone is none
        for stage in pipeline[1:]:
            rows = [(score, _shaped(stage, one, score)) for score, one in rows]
        return [one for _, one in rows]

    def _scored(self, place: str, collection: Any, asked: Document) -> list[tuple[float, Any]]:
        _check_limits(asked)
        index = self._indexes.get(place, {}).get(asked["index"])
        if index is None or not self._is_ready(index):
            return []  # the manual: no results, and no error
        fields = index["definition"]["fields"]
        vector = next((one for one in fields if one["type"] == "vector" and one["path"] == asked["path"]), None)
        if vector is None:
            raise _wrong(f"{asked['path']} is not indexed as vector")
        query = _numbers(asked["queryVector"])
        if query is None or len(query) != vector["numDimensions"]:
            raise _wrong(f"vector field is indexed with {vector['numDimensions']} dimensions but queried with another")
        condition = asked.get("filter") or {}
        _check_filter(condition, {one["path"] for one in fields if one["type"] == "filter"} | {"_id"})
        texts = {path: wanted for path, operand in condition.items() if (wanted := _texts(operand))}
        score = SCORES[vector["similarity"]]
        found: list[tuple[float, Any]] = []
        for one in self._seen(place, collection):
            # What mongomock takes for each document would be more than all the rest of a search.
            if any(isinstance(text := one.get(path), str) and text not in wanted for path, wanted in texts.items()):
                continue
            if condition and not filter_applies(condition, one):
                continue
            numbers = _numbers(one.get(asked["path"]))
            if numbers is None or len(numbers) != len(query):
                continue
            if any(numbers) or vector["similarity"] != "cosine":
                found.append((score(numbers, query), one["_id"]))
        return sorted(found, key=lambda pair: -pair[0])

    def _seen(self, place: str, collection: Any) -> list[Document]:
        """The documents as the index has them."""
        if not self._lag:
            return list(collection._iter_documents({}))  # find() would copy them
        limit = time.monotonic() - self._lag
        seen = [documents for at, documents in self._history.get(place, []) if at <= limit]
        return list(seen[-1].values()) if seen else []

    def _is_ready(self, index: Document) -> bool:
        return time.monotonic() - index["made"] >= self._building


def _is_definition(fields: Any) -> bool:
    vectors = [field for field in fields if field.get("type") == "vector"]
    return (
        len(vectors) >= 1
        and all(field.get("type") in ("vector", "filter") and field.get("path") for field in fields)
        and all(
            isinstance(field.get("numDimensions"), int)
            and 1 <= field["numDimensions"] <= MOST_DIMENSIONS
            and field.get("similarity") in SCORES
            and field.get("quantization", "none") in ("none", "scalar", "binary")
            for field in vectors
        )
    )


def _check_limits(asked: Document) -> None:
    limit, candidates, exact = asked.get("limit"), asked.get("numCandidates"), asked.get("exact", False)
    if not isinstance(limit, int) or limit < 1:
        raise _wrong('"limit" must be a positive integer')
    if exact and candidates is not None:
        raise _wrong('"numCandidates" must be omitted for exact searches')
    if not exact and (candidates is None or not limit <= candidates <= MOST_CANDIDATES):
        raise _wrong(f'"numCandidates" must be from "limit" to {MOST_CANDIDATES}')


def _check_filter(condition: Document, paths: set[str]) -> None:
    for key, operand in condition.items():
        if key in ("$and", "$or", "$nor"):
            for part in operand:
                _check_filter(part, paths)
        elif key.startswith("$") or key not in paths:
            raise _wrong(f"Path '{key}' needs to be indexed as filter")
        else:
            _check_operators(operand)


def _check_operators(operand: Any) -> None:
    if isinstance(operand, dict):
        for name, value in operand.items():
            if name not in OPERATORS:
                raise _wrong(f"operator {name} is not supported in a filter")
            if name == "$not":
                _check_operators(value)


def _texts(operand: Any) -> list[str]:
    """The texts of which a condition asks for one; none where it asks for something else as well."""
    wanted = operand["$in"] if isinstance(operand, dict) and set(operand) == {"$in"} else [operand]
    return wanted if all(isinstance(one, str) for one in wanted) else []


def _numbers(value: Any) -> Sequence[float] | None:
    """An embedding, as a list of numbers or as BSON's vector."""
    if isinstance(value, Binary) and value.subtype == 9:
        return value.as_vector().data
    return value if isinstance(value, list) and all(isinstance(one, (int, float)) for one in value) else None


def _shaped(stage: Document, document: Document, score: float) -> Document:
    """What a stage makes of a document."""
    ((name, what),) = stage.items()
    if name == "$set" and all(value == {"$meta": "vectorSearchScore"} for value in what.values()):
        return {**document, **dict.fromkeys(what, score)}
    if name == "$unset":
        return {key: value for key, value in document.items() if key not in what}
    if name == "$project" and all(value == 1 for value in what.values()):
        return {key: value for key, value in document.items() if key in {"_id", *what}}
    raise NotImplementedError(f"{stage} after $vectorSearch")


def _wrong(text: str) -> Refused:
    return Refused(8, "UnknownError", f"PlanExecutor error during aggregation :: caused by :: {text}")
