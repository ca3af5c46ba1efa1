"""The operations of the API on one index: what is asked, what is refused, what is answered."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Callable
from typing import Any

from conditions import parsed
from indexes import Index
from refusal import RequestError

__all__ = ["OPERATIONS"]

_METADATA_BYTES = 48 * 1024
_DATA_BYTES = 2**20
_MOST = 1000


def upsert(index: Index, space: str, body: Any) -> str:
    given = body if isinstance(body, list) else [body]
    if not 0 < len(given) <= _MOST:
        raise RequestError(400, f"1 to {_MOST} vectors can be upserted at once")
    index.write(space, {one["id"]: one for one in [_vector(index, one) for one in given]})
    return "Success"


def query(index: Index, space: str, body: Any) -> list[Any]:
    if isinstance(body, list):
        return [query(index, space, one) for one in body]
    _check_numbers(index, body.get("vector"))
    most = body.get("topK", 10)
    if not isinstance(most, int) or not 1 <= most <= _MOST:
        raise RequestError(400, f"topK must be from 1 to {_MOST}")
    condition = parsed(body.get("filter") or "")
    found = index.space(space).nearest(index, body["vector"], most, condition)
    return [{**_shown(one, body), "score": score} for score, one in found]


def fetch(index: Index, space: str, body: Any) -> list[Any]:
    vectors = index.space(space).seen()
    if "prefix" in body:
        return [_shown(one, body) for id_, one in vectors.items() if id_.startswith(body["prefix"])]
    return [_shown(vectors[id_], body) if id_ in vectors else None for id_ in _ids(body)]


def range_(index: Index, space: str, body: Any) -> dict[str, Any]:
    limit, cursor = body.get("limit"), body.get("cursor")
    if not isinstance(limit, int) or not 1 <= limit <= _MOST:
        raise RequestError(400, f"limit must be from 1 to {_MOST}")
    if not isinstance(cursor, str) or (cursor and not cursor.isdigit()):
        raise RequestError(400, f"Invalid cursor: {cursor!r}")
    at = int(cursor or 0)
    vectors = [one for id_, one in sorted(index.space(space).seen().items()) if id_.startswith(body.get("prefix", ""))]
    more = str(at + limit) if at + limit < len(vectors) else ""
    return {"nextCursor": more, "vectors": [_shown(one, body) for one in vectors[at : at + limit]]}


def delete(index: Index, space: str, body: Any) -> dict[str, int]:
    vectors = index.space(space).seen()
    if "ids" in body:
        ids = [id_ for id_ in _ids(body) if id_ in vectors]
    elif "prefix" in body:
        ids = [id_ for id_ in vectors if id_.startswith(body["prefix"])]
    else:
        condition = parsed(body["filter"])
        ids = [id_ for id_, one in vectors.items() if condition(one["metadata"] or {})]
    index.write(space, dict.fromkeys(ids))
    return {"deleted": len(ids)}


def reset(index: Index, space: str, body: Any) -> str:
    del body
    index.write(space, dict.fromkeys(index.space(space).seen()))
    return "Success"


def delete_namespace(index: Index, space: str, body: Any) -> str:
    del body
    if not space:
        raise RequestError(400, "The default namespace cannot be deleted")
    index.drop(space)
    return "Success"


def list_namespaces(index: Index, space: str, body: Any) -> list[str]:
    del space, body
    return ["", *sorted(index.spaces.keys() - {""})]


def info(index: Index, space: str, body: Any) -> dict[str, Any]:
    del space, body
    counts = {name: one.counts() for name, one in index.spaces.items()}
    return {
        "vectorCount": sum(ready for ready, _ in counts.values()),
        "pendingVectorCount": sum(pending for _, pending in counts.values()),
        "indexSize": 0,
        "dimension": index.dimension,
        "similarityFunction": index.metric,
        "denseIndex": {"dimension": index.dimension, "similarityFunction": index.metric, "embeddingModel": ""},
        "namespaces": {
            name: {"vectorCount": ready, "pendingVectorCount": pending} for name, (ready, pending) in counts.items()
        },
    }


OPERATIONS: dict[str, Callable[[Index, str, Any], Any]] = {
    "upsert": upsert,
    "query": query,
    "fetch": fetch,
    "range": range_,
    "delete": delete,
    "reset": reset,
    "delete-namespace": delete_namespace,
    "list-namespaces": list_namespaces,
    "info": info,
}
"""By the first part of the path below an index."""


def _vector(index: Index, one: Any) -> dict[str, Any]:
    id_, metadata, data = one.get("id"), one.get("metadata"), one.get("data")
    if not isinstance(id_, str) or not id_:
        raise RequestError(400, "Vector id must be a non-empty string")
    if one.get("sparseVector") is not None:
        raise RequestError(400, "This index has dense vectors only")
    _check_numbers(index, one.get("vector"))
    if metadata is not None and not isinstance(metadata, dict):
        raise RequestError(400, "Metadata must be an object")
    if data is not None and not isinstance(data, str):
        raise RequestError(400, "Data must be a string")
    size = len(json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode())
    if size > _METADATA_BYTES:
        raise RequestError(400, f"Metadata size of {id_} is {size} bytes, which exceeds {_METADATA_BYTES}")
    if data is not None and len(data.encode()) > _DATA_BYTES:
        raise RequestError(400, f"Data size of {id_} exceeds {_DATA_BYTES} bytes")
    return {"id": id_, "vector": array("f", one["vector"]).tolist(), "metadata": metadata, "data": data}


def _check_numbers(index: Index, vector: Any) -> None:
    if not isinstance(vector, list) or not all(type(value) in (int, float) for value in vector):
        raise RequestError(422, "a vector is a list of numbers")
    if len(vector) != index.dimension:
        raise RequestError(422, f"Invalid vector dimension: {len(vector)}, expected: {index.dimension}")
    if not all(map(math.isfinite, array("f", vector))):
        raise RequestError(422, "a vector's numbers must be those of float32")


def _ids(body: Any) -> list[str]:
    ids = body.get("ids")
    if not isinstance(ids, list) or not 0 < len(ids) <= _MOST:
        raise RequestError(400, f"1 to {_MOST} ids can be named at once")
    return ids


def _shown(one: dict[str, Any], body: Any) -> dict[str, Any]:
    shown = {"id": one["id"]}
    for flag, key in (("includeVectors", "vector"), ("includeMetadata", "metadata"), ("includeData", "data")):
        if body.get(flag) and one[key] is not None:
            shown[key] = one[key]
    return shown
