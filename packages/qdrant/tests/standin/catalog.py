"""Collections, each a shard of Qdrant's core; what the server checks before it hands a request to the core."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import qdrant_edge as edge
from conditions import Conditions
from qdrant_client import models

_DISTANCES = {
    models.Distance.COSINE: edge.Distance.Cosine,
    models.Distance.DOT: edge.Distance.Dot,
    models.Distance.EUCLID: edge.Distance.Euclid,
    models.Distance.MANHATTAN: edge.Distance.Manhattan,
}
_MODES = {
    None: edge.UpdateMode.Upsert,
    models.UpdateMode.UPSERT: edge.UpdateMode.Upsert,
    models.UpdateMode.INSERT_ONLY: edge.UpdateMode.InsertOnly,
    models.UpdateMode.UPDATE_ONLY: edge.UpdateMode.UpdateOnly,
}


class RequestError(Exception):
    """A request that is refused with this status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Catalog:
    """All collections, below one directory."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._shards: dict[str, Shard] = {}

    def names(self) -> list[str]:
        with self._lock:
            return list(self._shards)

    def get(self, name: str) -> Shard:
        with self._lock:
            if name not in self._shards:
                raise RequestError(404, f"Not found: Collection `{name}` doesn't exist!")
            return self._shards[name]

    def create(self, name: str, config: models.CreateCollection) -> None:
        if not isinstance(config.vectors, models.VectorParams):
            raise RequestError(400, "the stand-in keeps one unnamed vector per point")
        if not 1 <= config.vectors.size <= 65536:
            raise RequestError(400, "Validation error in JSON body: [vectors.size: must be from 1 to 65536]")
        with self._lock:
            if name in self._shards:
                raise RequestError(409, f"Wrong input: Collection `{name}` already exists!")
            self._shards[name] = Shard(tempfile.mkdtemp(dir=self._directory), config, config.vectors)

    def drop(self, name: str) -> bool:
        with self._lock:
            shard = self._shards.pop(name, None)
        if shard is not None:
            shard.close()
        return shard is not None


class Shard:
    """One collection; one request at a time, as the server's update queue and its segment locks have it."""

    def __init__(self, directory: str, config: models.CreateCollection, vectors: models.VectorParams) -> None:
        self._config = config
        self._vectors = vectors
        self._lock = threading.RLock()
        self._core = edge.EdgeShard.create(
            str(Path(directory) / "shard"),
            edge.EdgeConfig(
                vectors=edge.EdgeVectorParams(vectors.size, _DISTANCES[vectors.distance]),
                wal_enabled=False,
                max_search_threads=1,
            ),
        )
        self._conditions = Conditions(self._core)

    def close(self) -> None:
        with self._lock:
            self._core.close()

    def info(self) -> models.CollectionInfo:
        with self._lock:
            count = self._core.count(edge.CountRequest(exact=True))
        return models.CollectionInfo(
            status=models.CollectionStatus.GREEN,
            optimizer_status=models.OptimizersStatusOneOf.OK,
            points_count=count,
            indexed_vectors_count=0,
            segments_count=1,
            payload_schema={},
            config=models.CollectionConfig(
                params=models.CollectionParams(vectors=self._vectors, shard_number=1, replication_factor=1),
                hnsw_config=models.HnswConfig(m=16, ef_construct=100, full_scan_threshold=10000),
                optimizer_config=models.OptimizersConfig(
                    deleted_threshold=0.2,
                    vacuum_min_vector_number=1000,
                    default_segment_number=0,
                    flush_interval_sec=5,
                ),
                metadata=self._config.metadata,
            ),
        )

    def upsert(
        self,
        points: Sequence[models.PointStruct],
        condition: models.Filter | None,
        mode: models.UpdateMode | None,
    ) -> None:
        if not points:
            raise RequestError(400, "Wrong input: Empty update request")
        for point in points:
            self._check_vector(point.vector)
        found = [edge.Point(_id(point.id), point.vector, point.payload or {}) for point in points]
        with self._lock:
            self._update(edge.UpdateOperation.upsert_points(found, self._filter(condition), _MODES[mode]))

    def delete_ids(self, ids: Sequence[Any]) -> None:
        if not ids:
            raise RequestError(400, "Wrong input: Empty update request")
        with self._lock:
            self._update(edge.UpdateOperation.delete_points([_id(id_) for id_ in ids]))

    def delete_matching(self, condition: models.Filter) -> None:
        with self._lock:
            self._update(edge.UpdateOperation.delete_points_by_filter(self._filter(condition) or edge.Filter()))

    def retrieve(self, ids: Sequence[Any], with_payload: Any, with_vector: bool) -> list[dict[str, Any]]:
        with self._lock:
            found = self._core.retrieve([_id(id_) for id_ in ids], bool(with_payload), with_vector)
        return [_record(point) for point in found]

    def count(self, condition: models.Filter | None) -> int:
        with self._lock:
            return self._core.count(edge.CountRequest(exact=True, filter=self._filter(condition)))

    def query(self, request: models.QueryRequest) -> list[dict[str, Any]]:
        vector = request.query.nearest if isinstance(request.query, models.NearestQuery) else request.query
        self._check_vector(vector)
        with self._lock:
            found = self._core.query(
                edge.QueryRequest(
                    limit=10 if request.limit is None else request.limit,
                    offset=request.offset or 0,
                    query=edge.Query.Nearest(vector),
                    filter=self._filter(request.filter),
                    score_threshold=request.score_threshold,
                    params=_params(request.params),
                    with_payload=bool(request.with_payload),
                    with_vector=bool(request.with_vector),
                )
            )
        return [{**_record(point), "score": point.score, "version": point.version} for point in found]

    def scroll(self, request: models.ScrollRequest) -> tuple[list[dict[str, Any]], Any]:
        if request.order_by is not None:
            raise RequestError(400, "the stand-in scrolls by id only")
        with self._lock:
            found, offset = self._core.scroll(
                edge.ScrollRequest(
                    offset=None if request.offset is None else _id(request.offset),
                    limit=10 if request.limit is None else request.limit,
                    filter=self._filter(request.filter),
                    with_payload=True if request.with_payload is None else bool(request.with_payload),
                    with_vector=bool(request.with_vector),
                )
            )
        return [_record(point) for point in found], offset

    def _update(self, operation: edge.UpdateOperation) -> None:
        try:
            self._core.update(operation)
        except ValueError as exc:
            raise RequestError(400, f"Wrong input: {exc}") from exc

    def _filter(self, condition: models.Filter | None) -> edge.Filter | None:
        try:
            return None if condition is None else self._conditions.filter(condition)
        except ValueError as exc:
            raise RequestError(400, f"Format error in JSON body: {exc}") from exc

    def _check_vector(self, vector: Any) -> None:
        size = self._vectors.size
        if not isinstance(vector, list):
            raise RequestError(400, "the stand-in takes dense vectors")
        if len(vector) != size:
            raise RequestError(400, f"Wrong input: Vector dimension error: expected dim: {size}, got {len(vector)}")


def _params(params: models.SearchParams | None) -> edge.SearchParams | None:
    return None if params is None else edge.SearchParams(hnsw_ef=params.hnsw_ef, exact=bool(params.exact))


def _id(value: Any) -> Any:
    """The core's form of a point id."""
    if isinstance(value, int) and value >= 0:
        return value
    try:
        return UUID(str(value))
    except ValueError as exc:
        raise RequestError(
            400,
            f"Format error in JSON body: value {value} is not a valid point ID, "
            "valid values are either an unsigned integer or a UUID",
        ) from exc


def _record(point: Any) -> dict[str, Any]:
    return {
        "id": str(point.id) if isinstance(point.id, UUID) else point.id,
        "payload": point.payload,
        "vector": point.vector,
    }
