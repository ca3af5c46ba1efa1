"""The vectors API: requests on one index, with Pinecone's limits. Knows no HTTP."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Callable
from typing import Any

from conditions import check_filter, check_metadata, matches
from namespaces import Namespace
from project import Index, Project
from refusal import RequestError, bad

__all__ = ["ROUTES", "Answered"]

_MOST_RECORDS = 1000
_MOST_MATCHES = 10_000
_MOST_LISTED = 100
_REQUEST_BYTES = 2 * 2**20
_RESULT_BYTES = 4 * 2**20
_LONGEST_ID = 512
_DEFAULT = "__default__"


class Answered:
    """An answer, and the positions in the namespace's log that go with it."""

    def __init__(self, body: Any, *, committed: int | None = None, indexed: int | None = None) -> None:
        self.body = body
        self.committed = committed
        self.indexed = indexed


def upsert(project: Project, index: Index, body: dict[str, Any], size: int) -> Answered:
    vectors = body.get("vectors") or []
    if not 0 < len(vectors) <= _MOST_RECORDS:
        raise bad(f"1 to {_MOST_RECORDS} vectors can be upserted at once, got {len(vectors)}")
    if size > _REQUEST_BYTES:
        raise RequestError(
            413, 11, f"Error, message length too large: found {size} bytes, the limit is: {_REQUEST_BYTES} bytes"
        )
    records = {vector["id"]: _record(index, vector) for vector in vectors}
    position = project.write(index, _namespace(body), dict(records))
    return Answered({"upsertedCount": len(vectors)}, committed=position)


def query(project: Project, index: Index, body: dict[str, Any], size: int) -> Answered:
    del project, size
    most, condition, space = body.get("topK"), body.get("filter"), index.space(_namespace(body))
    if not isinstance(most, int) or not 1 <= most <= _MOST_MATCHES:
        raise bad(f"top_k must be from 1 to {_MOST_MATCHES}")
    if condition is not None:
        check_filter(condition)
    vector = body.get("vector")
    if vector is None and space is not None and body.get("id") in space.all():
        vector = space.all()[body["id"]]["values"]
    if vector is None:
        raise bad("a query needs a vector or the id of a record")
    _check_values(index, vector)
    found = [] if space is None else space.nearest(index.vector["metric"], vector, most, condition)
    matches_: list[dict[str, Any]] = []
    for score, record in found:
        match: dict[str, Any] = {"id": record["id"], "score": score, "values": []}
        if body.get("includeValues"):
            match["values"] = record["values"]
        if body.get("includeMetadata") and record["metadata"]:
            match["metadata"] = record["metadata"]
        matches_.append(match)
    answer = {"matches": matches_, "namespace": _namespace(body), "usage": {"readUnits": 5}}
    if len(json.dumps(answer, ensure_ascii=False).encode()) > _RESULT_BYTES:
        raise bad("Query result size exceeds the limit of 4 MB; lower top_k, or leave out values or metadata")
    return Answered(answer, indexed=0 if space is None else space.indexed)


def fetch(project: Project, index: Index, body: dict[str, Any], size: int) -> Answered:
    del project, size
    ids = body.get("ids") or []
    if not 0 < len(ids) <= _MOST_RECORDS:
        raise bad(f"1 to {_MOST_RECORDS} ids can be fetched at once")
    space = index.space(_namespace(body))
    records = {} if space is None else space.all()
    found = {id_: _shown(records[id_]) for id_ in ids if id_ in records}
    return Answered({"vectors": found, "namespace": _namespace(body), "usage": {"readUnits": 1}})


def fetch_by_metadata(project: Project, index: Index, body: dict[str, Any], size: int) -> Answered:
    del project, size
    check_filter(body.get("filter"))
    limit = body.get("limit", 100)
    if not isinstance(limit, int) or not 1 <= limit <= _MOST_MATCHES:
        raise bad(f"limit must be from 1 to {_MOST_MATCHES}")
    space = index.space(_namespace(body)) or Namespace(0)
    records = space.all()
    among = [id_ for id_, record in records.items() if matches(body["filter"], record["metadata"])]
    ids, more = space.page(among, limit, body.get("paginationToken"))
    answer: dict[str, Any] = {"vectors": {id_: _shown(records[id_]) for id_ in ids}, "namespace": _namespace(body)}
    return Answered({**answer, "usage": {"readUnits": 1}, **({"pagination": {"next": more}} if more else {})})


def listed(project: Project, index: Index, body: dict[str, Any], size: int) -> Answered:
    del project, size
    limit = int(body.get("limit", _MOST_LISTED))
    if not 1 <= limit <= _MOST_LISTED:
        raise bad(f"limit must be from 1 to {_MOST_LISTED}")
    space = index.space(_namespace(body)) or Namespace(0)
    prefix = body.get("prefix") or ""
    among = [id_ for id_ in space.all() if id_.startswith(prefix)]
    ids, more = space.page(among, limit, body.get("paginationToken"))
    answer = {"vectors": [{"id": id_} for id_ in ids], "namespace": _namespace(body), "usage": {"readUnits": 1}}
    return Answered({**answer, **({"pagination": {"next": more}} if more else {})})


def delete(project: Project, index: Index, body: dict[str, Any], size: int) -> Answered:
    del size
    ids, condition = body.get("ids"), body.get("filter")
    if sum((bool(ids), condition is not None, bool(body.get("deleteAll")))) != 1:
        raise bad("exactly one of ids, deleteAll and filter")
    space = index.space(_namespace(body))
    if space is None or (body.get("deleteAll") and not space.latest()):
        raise RequestError(404, 5, "Namespace not found")
    if ids:
        if len(ids) > _MOST_RECORDS:
            raise bad(f"at most {_MOST_RECORDS} ids can be deleted at once")
    elif condition is not None:
        check_filter(condition)
        ids = [id_ for id_, record in space.all().items() if matches(condition, record["metadata"])]
    else:
        ids = list(space.latest())
    return Answered({}, committed=project.write(index, _namespace(body), dict.fromkeys(ids)))


def statistics(project: Project, index: Index, body: dict[str, Any], size: int) -> Answered:
    del project, size
    if body.get("filter"):
        raise bad("Serverless indexes do not support describing index stats with a filter")
    counts = {name: len(space.all()) for name, space in index.spaces.items()}
    return Answered(
        {
            "namespaces": {name or _DEFAULT: {"vectorCount": count} for name, count in counts.items() if count},
            "dimension": index.vector["dimension"],
            "indexFullness": 0.0,
            "totalVectorCount": sum(counts.values()),
            "metric": index.vector["metric"],
            "vectorType": "dense",
        }
    )


Route = Callable[[Project, Index, dict[str, Any], int], Answered]

ROUTES: dict[tuple[str, str], Route] = {
    ("POST", "/vectors/upsert"): upsert,
    ("POST", "/query"): query,
    ("GET", "/vectors/fetch"): fetch,
    ("POST", "/vectors/fetch_by_metadata"): fetch_by_metadata,
    ("GET", "/vectors/list"): listed,
    ("POST", "/vectors/delete"): delete,
    ("POST", "/describe_index_stats"): statistics,
    ("GET", "/describe_index_stats"): statistics,
}
"""By method and path below an index's host. A GET has its query as the body, ``ids`` as a list."""


def _namespace(body: dict[str, Any]) -> str:
    name = body.get("namespace") or ""
    if not name.isascii() or len(name) > _LONGEST_ID:
        raise bad("a namespace is 0 to 512 characters of ASCII")
    return "" if name == _DEFAULT else name


def _record(index: Index, vector: dict[str, Any]) -> dict[str, Any]:
    id_, values, metadata = vector.get("id"), vector.get("values"), vector.get("metadata", {})
    if not isinstance(id_, str) or not 0 < len(id_) <= _LONGEST_ID:
        raise bad(f"Vector ID must be 1 to {_LONGEST_ID} characters, got {id_!r}")
    if not id_.isascii() or "\0" in id_:
        raise bad(f"Vector ID must be ASCII, but got '{id_}'")
    _check_values(index, values)
    if not any(values):
        raise bad(f"Dense vectors must contain at least one non-zero value. Vector ID '{id_}' contains only zeros")
    check_metadata(id_, metadata)
    return {"id": id_, "values": array("f", values).tolist(), "metadata": metadata}


def _check_values(index: Index, values: Any) -> None:
    dimension = index.vector["dimension"]
    if not isinstance(values, list) or not all(type(value) in (int, float) for value in values):
        raise bad("a vector is a list of numbers")
    if len(values) != dimension:
        raise bad(f"Vector dimension {len(values)} does not match the dimension of the index {dimension}")
    if not all(map(math.isfinite, array("f", values))):
        raise bad("a vector's numbers must be those of float32")


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    return record if record["metadata"] else {"id": record["id"], "values": record["values"]}
