"""Collections as Qdrant's collections, documents as its points: the hooks of both stores, for either client.

Checks are in `praison_persist.vectorsteps`, conversions in `convert` and `filters`, clients in `engine`.
"""

from __future__ import annotations

import os
import uuid
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from qdrant_client import models

from praison_persist.adapting.qdrant import qdrant_score
from praison_persist.errors import AlreadyExistsError, NotFoundError, PersistError, UnsupportedError
from praison_persist.filters import Filter
from praison_persist.health import library_of
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import DISTANCES as ALL_DISTANCES
from praison_persist.steps import Steps
from praison_persist.validation import check_bool, check_identifier, check_positive, is_identifier
from praison_persist.vectorsteps import VectorSteps, already_exists

from . import convert
from .filters import ids_condition, points_condition, to_filter
from .location import Location, options_model
from .remote import Remote
from .writing import in_requests, take_back

__all__ = ["QdrantHooks"]


class QdrantHooks(VectorSteps):
    """What `QdrantKnowledgeStore` and `AsyncQdrantKnowledgeStore` are given, and how they use Qdrant.

    Without ``url``, ``path``, ``host`` and ``port`` the environment's ``QDRANT_URL`` is used, then
    ``http://localhost:6333``.

    Args:
        url: ``http://``, ``https://`` or ``qdrant://host:6333`` (``qdrant://`` is http), or ``":memory:"``.
        host, port: of the server, where no URL is given.
        grpc_port, prefer_grpc: use gRPC where it is faster.
        api_key: default ``QDRANT_API_KEY``.
        timeout: seconds for a request.
        connect_timeout: seconds for a connection, and for requests that need no work: a dead server is noticed so.
        collection_prefix: starts the names of this store's collections in Qdrant; it sees no others.
        path: directory of an embedded engine (one process at a time), or ``":memory:"``.
        hnsw_config: index options of new collections, as Qdrant names them (``m``, ``ef_construct`` ...).
        on_disk: keep the vectors of new collections on disk.
        shard_number, replication_factor: of new collections in a cluster.
        exact: search without the index. The embedded engine always does, and a filtered search that finds too few
            documents with the index is repeated so.
        hnsw_ef: candidates that a search with the index looks at; more is slower and more exact.

    Raises:
        ConfigurationError: wrong URL or options.
    """

    distances = ALL_DISTANCES
    max_batch = 1000

    def __init__(
        self,
        url: str | None = None,
        *,
        host: str = "localhost",
        port: int = 6333,
        grpc_port: int = 6334,
        api_key: str | None = None,
        prefer_grpc: bool = False,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        path: str | os.PathLike[str] | None = None,
        collection_prefix: str = "",
        hnsw_config: Mapping[str, Any] | models.HnswConfigDiff | None = None,
        on_disk: bool | None = None,
        shard_number: int | None = None,
        replication_factor: int | None = None,
        exact: bool = False,
        hnsw_ef: int | None = None,
    ) -> None:
        super().__init__()
        try:
            location = Location.of(url, path, host, port, api_key)
            remote = Remote(
                timeout=check_positive(timeout, "timeout"),
                connect_timeout=check_positive(connect_timeout, "connect_timeout"),
                prefer_grpc=check_bool(prefer_grpc, "prefer_grpc"),
                grpc_port=grpc_port,
            )
            self._engine: Any = self._open_engine(location, remote)
            self._hnsw_config = options_model(models.HnswConfigDiff, hnsw_config, "hnsw_config")
            self._exact = check_bool(exact, "exact") or location.embedded
            self._prefix = check_identifier(collection_prefix, "collection_prefix", empty=True, longest=128)
            params = options_model(models.SearchParams, {"exact": exact, "hnsw_ef": hnsw_ef}, "hnsw_ef")
            self._params = None if location.embedded else params
        except PersistError as error:
            error.backend = self.backend
            raise
        self._on_disk = on_disk
        self._shard_number = shard_number
        self._replication_factor = replication_factor
        self._foreign: set[str] = set()

    @abstractmethod
    def _open_engine(self, location: Location, remote: Remote) -> Any:
        """The way to Qdrant, an `Engine` or `AsyncEngine`; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._engine.location)!r})"

    def _setup(self) -> Steps[None]:
        """Reach the server and see whether its version will do; there is nothing to create."""
        with self._engine.guard():
            yield self._engine.client()

    def _about(self) -> Steps[dict[str, str | None]]:
        with self._engine.guard():
            client = yield self._engine.client()
            server = "embedded Qdrant" if self._engine.embedded else f"Qdrant {(yield client.info()).version}"
            return {"server": server, "driver": library_of(client)}

    def _close(self) -> Steps[None]:
        yield self._engine.close()

    def _full(self, name: str) -> str:
        """The name of a collection in Qdrant."""
        return self._prefix + name

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> Steps[bool]:
        vectors = models.VectorParams(
            size=info.dimension, distance=convert.DISTANCES[info.distance], on_disk=self._on_disk
        )
        try:
            with self._engine.guard(write=True):
                client = yield self._engine.client()
                yield client.create_collection(
                    self._full(info.name),
                    vectors_config=vectors,
                    hnsw_config=self._hnsw_config,
                    metadata=convert.collection_metadata(info),
                    shard_number=self._shard_number,
                    replication_factor=self._replication_factor,
                )
        except AlreadyExistsError:
            return False
        return True

    def _drop(self, name: str) -> Steps[bool]:
        with self._engine.guard(write=True):
            client = yield self._engine.client()
            return (yield client.delete_collection(self._full(name)))

    def _describe(self, name: str) -> Steps[CollectionInfo | None]:
        try:
            with self._engine.guard():
                client = yield self._engine.client()
                config = (yield client.get_collection(self._full(name))).config
        except NotFoundError:
            return None
        if not isinstance(config.params.vectors, models.VectorParams):
            raise UnsupportedError(
                f"collection {name!r} has named vectors", hint="this store works with collections of one unnamed vector"
            )
        info, native = convert.describe(name, config.params.vectors, config.metadata)
        (self._foreign.discard if native else self._foreign.add)(name)
        return info

    def _names(self) -> Steps[list[str]]:
        with self._engine.guard():
            client = yield self._engine.client()
            answer = yield client.get_collections()
        found = [one.name for one in answer.collections if one.name.startswith(self._prefix)]
        return [name for full in found if is_identifier(name := full[len(self._prefix) :])]

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        write = uuid.uuid4().hex
        points = [convert.to_point(document, info.distance, write) for document in documents]
        ids = [document.id for document in documents]
        if self._engine.embedded or self._is_foreign(info) or len(ids) > 1:
            # With the embedded engine nobody writes in between; elsewhere this spares readers most half writes.
            with self._engine.guard():
                client = yield self._engine.client()
                if taken := (yield from self._existing(client, info, ids, points)):
                    raise already_exists(taken)
                if self._engine.embedded:
                    yield client.upsert(self._full(info.name), points)
                    return
        yield from self._insert_racing(info, ids, points, write)

    def _insert_racing(
        self, info: CollectionInfo, ids: list[str], points: Sequence[models.PointStruct], write: str
    ) -> Steps[None]:
        """Insert without overwriting, then see whose points are there: the engine decides between racing writers."""
        ours = models.Filter(
            must=[
                points_condition(ids),
                models.FieldCondition(key=convert.MARK, match=models.MatchValue(value=write)),
            ]
        )
        with self._engine.guard(write=True):
            client = yield self._engine.client()
            try:
                for request in in_requests(points):
                    yield client.upsert(self._full(info.name), request, update_mode=models.UpdateMode.INSERT_ONLY)
                if (yield client.count(self._full(info.name), ours)).count == len(points):
                    return
            except Exception as failure:
                yield from take_back(client, self._full(info.name), ours, failure)
                raise
            yield client.delete(self._full(info.name), models.FilterSelector(filter=ours))
            raise already_exists((yield from self._existing(client, info, ids, points)) or ids)

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        write = uuid.uuid4().hex
        points = [convert.to_point(document, info.distance, write) for document in documents]
        ids = [document.id for document in documents]
        with self._engine.guard(write=True):
            client = yield self._engine.client()
            for request in [points] if self._engine.embedded else in_requests(points):
                yield client.upsert(self._full(info.name), request)
            if self._is_foreign(info):
                replaced = models.Filter(must=[ids_condition(ids)], must_not=[points_condition(ids)])
                yield client.delete(self._full(info.name), models.FilterSelector(filter=replaced))

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> Steps[int]:
        matching = to_filter(condition, native=not self._is_foreign(info))
        selected = self._selection(info, ids, matching)
        with self._engine.guard(write=True):
            client = yield self._engine.client()
            count: int = (yield client.count(self._full(info.name), selected)).count
            if count:
                yield client.delete(self._full(info.name), models.FilterSelector(filter=selected))
            return count

    # -- reading -------------------------------------------------------------------------------------------------

    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> Steps[list[KnowledgeDocument]]:
        matching = to_filter(condition, native=not self._is_foreign(info))
        query = list(convert.direction(vector)[0] if info.distance == "cosine" else vector)
        with self._engine.guard():
            client = yield self._engine.client()
            answer = yield client.query_points(
                self._full(info.name), query, query_filter=matching, search_params=self._params, limit=limit
            )
            if len(answer.points) < limit and matching is not None and not self._exact:
                answer = yield client.query_points(
                    self._full(info.name),
                    query,
                    query_filter=matching,
                    search_params=models.SearchParams(exact=True),
                    limit=limit,
                )
        documents = [
            convert.to_document(point, score=qdrant_score(info.distance, point.score)) for point in answer.points
        ]
        # Not the engine's threshold: the embedded one leaves out scores that are equal, and its unit is a distance.
        return [document for document in documents if threshold is None or (document.score or 0.0) >= threshold]

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
        if self._is_foreign(info):
            return (yield from self._fetch_foreign(info, models.Filter(must=[ids_condition(list(ids))])))
        with self._engine.guard():
            client = yield self._engine.client()
            found = yield client.retrieve(
                self._full(info.name), [convert.to_point_id(id_) for id_ in ids], with_vectors=True
            )
        return [convert.to_document(point, whole=True) for point in found]

    def _fetch_foreign(self, info: CollectionInfo, wanted: models.Filter) -> Steps[list[KnowledgeDocument]]:
        """What matches, one document for each id that several points may have."""
        by_id: dict[str, KnowledgeDocument] = {}
        offset: Any = None
        while True:
            page, offset = yield from self._scroll(info, wanted, self.max_batch, offset)
            by_id.update((document.id, document) for document in page)
            if offset is None:
                return list(by_id.values())

    def _count(self, info: CollectionInfo, condition: Filter | None) -> Steps[int]:
        matching = to_filter(condition, native=not self._is_foreign(info))
        with self._engine.guard():
            client = yield self._engine.client()
            return (yield client.count(self._full(info.name), matching)).count

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> Steps[tuple[list[KnowledgeDocument], Any]]:
        return self._scroll(info, to_filter(condition, native=not self._is_foreign(info)), size, after)

    # -- inside --------------------------------------------------------------------------------------------------

    def _is_foreign(self, info: CollectionInfo) -> bool:
        """Not created by this package: points with other ids and flat metadata may be there."""
        return info.name in self._foreign

    def _selection(
        self, info: CollectionInfo, ids: Sequence[str] | None, matching: models.Filter | None
    ) -> models.Filter:
        conditions: list[Any] = [] if matching is None else [matching]
        if ids is not None:
            conditions.append(ids_condition(list(ids)) if self._is_foreign(info) else points_condition(ids))
        return models.Filter(must=conditions)

    def _existing(
        self, client: Any, info: CollectionInfo, ids: Sequence[str], points: Sequence[models.PointStruct]
    ) -> Steps[list[str]]:
        """Those of the ids that are taken; their points in the same order."""
        if self._is_foreign(info):
            found: list[KnowledgeDocument] = yield from self._fetch(info, ids)
            return [document.id for document in found]
        by_point = {str(point.id): id_ for point, id_ in zip(points, ids, strict=True)}
        taken = yield client.retrieve(self._full(info.name), list(by_point), with_payload=False, with_vectors=False)
        return [by_point[str(point.id)] for point in taken]

    def _scroll(
        self, info: CollectionInfo, matching: models.Filter | None, size: int, after: Any
    ) -> Steps[tuple[list[KnowledgeDocument], Any]]:
        with self._engine.guard():
            client = yield self._engine.client()
            points, offset = yield client.scroll(
                self._full(info.name), matching, limit=size, offset=after, with_vectors=True
            )
        return [convert.to_document(point, whole=True) for point in points], offset
