"""Collections as Weaviate's collections, documents as its objects: the hooks of both stores, for either client.

Checks are in `praison_persist.vectorsteps`, conversions in `convert` and `filters`, clients in `engine`.
"""

from __future__ import annotations

import uuid
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from weaviate.classes.query import MetadataQuery
from weaviate.exceptions import UnexpectedStatusCodeError

from praison_persist.errors import NotFoundError, PersistError
from praison_persist.filters import Filter
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument, SearchMode
from praison_persist.overfetch import overfetch
from praison_persist.scores import DISTANCES
from praison_persist.steps import Steps
from praison_persist.validation import check_identifier, check_positive
from praison_persist.vectorsteps import VectorSteps, already_exists

from . import claims, convert
from .filters import any_id, both, brought_by, everything, to_filter
from .location import Location
from .options import check_alpha, check_consistency, check_headers, check_hnsw, check_replicas
from .reading import counted, kept, matching, scanned
from .remote import Remote, handle
from .writing import deleted, indexed, store

__all__ = ["WeaviateHooks"]

_MOST = 10_000
"""Most objects in one answer of Weaviate, by default."""

_DISTANCE, _SCORE = MetadataQuery(distance=True), MetadataQuery(score=True)


class WeaviateHooks(VectorSteps):
    """What `WeaviateKnowledgeStore` and `AsyncWeaviateKnowledgeStore` are given, and how they use Weaviate.

    Args:
        url: ``http://``, ``https://`` or ``weaviate://host:8080`` (``weaviate://`` is http), or a cluster's address in
            Weaviate Cloud; default ``WEAVIATE_URL``, then ``http://localhost:8080``.
        api_key: default ``WEAVIATE_API_KEY``.
        additional_headers: sent with every request.
        grpc_host, grpc_port: of the gRPC API; default port 50051 of the same host, in Weaviate Cloud its own host.
        timeout: seconds for a request.
        connect_timeout: seconds for the server's first answer.
        collection_prefix: starts the names of this store's collections in Weaviate; it sees no others.
        hnsw: index options of new collections, as the client names them: ``ef``, ``ef_construction``,
            ``max_connections``, ``dynamic_ef_min``, ``dynamic_ef_max``, ``dynamic_ef_factor``, ``flat_search_cutoff``,
            ``filter_strategy``, ``vector_cache_max_objects``, ``cleanup_interval_seconds``.
        replication_factor: of new collections in a cluster.
        consistency_level: of reads and writes in a cluster: ``ONE``, ``QUORUM`` or ``ALL``.
        alpha: weight of the vector in hybrid searches, from 0 to 1; default Weaviate's.

    Raises:
        ConfigurationError: wrong URL or options.
    """

    distances = DISTANCES
    search_modes: tuple[SearchMode, ...] = ("vector", "keyword", "hybrid")
    max_batch = 1000

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        additional_headers: Mapping[str, str] | None = None,
        grpc_host: str | None = None,
        grpc_port: int | None = None,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        collection_prefix: str = "",
        hnsw: Mapping[str, Any] | None = None,
        replication_factor: int | None = None,
        consistency_level: str | None = None,
        alpha: float | None = None,
    ) -> None:
        super().__init__()
        try:
            location = Location.of(url, api_key, grpc_host, grpc_port)
            remote = Remote(
                timeout=check_positive(timeout, "timeout"),
                connect_timeout=check_positive(connect_timeout, "connect_timeout"),
                headers=check_headers(additional_headers),
            )
            self._engine: Any = self._open_engine(location, remote)
            self._prefix = check_identifier(collection_prefix, "collection_prefix", empty=True, longest=128)
            self._hnsw = check_hnsw(hnsw)
            self._replication = check_replicas(replication_factor)
            self._consistency = check_consistency(consistency_level)
            self._alpha = check_alpha(alpha)
        except PersistError as error:
            error.backend = self.backend
            raise
        self._descriptions: dict[str, str] = {}
        self._can_claim = False

    @abstractmethod
    def _open_engine(self, location: Location, remote: Remote) -> Any:
        """The way to Weaviate, an `Engine` or `AsyncEngine`; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._engine.location)!r})"

    def _setup(self) -> Steps[None]:
        """Reach the server, and create the collection of claims."""
        with self._engine.guard(write=True):
            yield from self._prepare((yield self._engine.client()))

    def _about(self) -> Steps[dict[str, str]]:
        with self._engine.guard():
            client = yield self._engine.client()
            server = f"Weaviate {(yield client.get_meta())['version']}"
            return {"server": server, "driver": f"weaviate-client {version('weaviate-client')}"}

    def _close(self) -> Steps[None]:
        yield self._engine.close()

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> Steps[bool]:
        full = self._prefix + info.name
        schema = convert.schema(convert.description(full, info), info, self._hnsw)
        with self._engine.guard(write=True):
            client = yield self._engine.client()
            try:
                yield client.collections.create(convert.to_name(full), replication_config=self._replication, **schema)
            except UnexpectedStatusCodeError as exc:
                if exc.status_code == 422 and (yield client.collections.exists(convert.to_name(full))):
                    return False
                raise
        return True

    def _drop(self, name: str) -> Steps[bool]:
        full = convert.to_name(self._prefix + name)
        with self._engine.guard(write=True):
            client = yield self._engine.client()
            if not (yield client.collections.exists(full)):
                return False
            yield client.collections.delete(full)
            return True

    def _describe(self, name: str) -> Steps[CollectionInfo | None]:
        with self._engine.guard():
            text = yield from self._description((yield self._engine.client()), name)
        if text is None:
            return None
        info = convert.describe(name, text)
        self._descriptions[name] = text
        return info

    def _names(self) -> Steps[list[str]]:
        with self._engine.guard():
            client = yield self._engine.client()
            found = yield client.collections.list_all(simple=True)
        full = [convert.name_of(one.description) for one in found.values()]
        return [name[len(self._prefix) :] for name in full if name is not None and name.startswith(self._prefix)]

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        if not documents:
            return
        ids = [document.id for document in documents]
        with self._engine.guard(write=True):
            client = yield self._engine.client()
            yield from self._check_present(client, info)
            yield from self._prepare(client)
            identity = self._descriptions[info.name]
            keys = [convert.claim_key(identity, id_) for id_ in ids]
            mine: str = yield from claims.claim(self._engine, client, keys)
            try:
                found = yield self._native(client, info).query.fetch_objects(
                    filters=any_id(ids), limit=len(ids), return_properties=["doc_id"]
                )
                if found.objects:
                    raise already_exists([one.properties["doc_id"] for one in found.objects])
                yield from self._insert_claimed(client, info, documents, mine)
            finally:
                yield from claims.withdraw(client, mine)

    def _insert_claimed(
        self, client: Any, info: CollectionInfo, documents: Sequence[KnowledgeDocument], mine: str
    ) -> Steps[None]:
        """All documents, or none."""
        native = self._native(client, info)
        try:
            yield from store(native, documents, mine, str(self._engine.location))
        except Exception as failure:
            ours = both(any_id([document.id for document in documents]), brought_by(mine))
            try:
                yield native.data.delete_many(ours)
            except Exception as exc:
                raise failure from exc
            raise

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        with self._engine.guard(write=True):
            client = yield self._engine.client()
            yield from self._check_present(client, info)
            where = str(self._engine.location)
            yield from store(self._native(client, info), documents, uuid.uuid4().hex, where)

    def _settle(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        """Only a server with ``ASYNC_INDEXING`` has something to wait for."""
        with self._engine.guard():
            client = yield self._engine.client()
            yield from indexed(self._engine, self._native(client, info))

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> Steps[int]:
        if ids is not None and not ids:
            return 0
        narrowed = to_filter(condition)
        among = None if ids is None else any_id(ids)
        removed = 0
        with self._engine.guard(write=True):
            native = self._native((yield self._engine.client()), info)
            if narrowed.exact:
                return (yield from deleted(native, both(among, narrowed.where) or everything()))
            after: Any = None
            while True:
                page, after = yield from matching(native, condition, self.max_batch, after, among=among)
                if page:
                    removed += yield from deleted(native, any_id([document.id for document in page]))
                if after is None:
                    return removed

    # -- reading -------------------------------------------------------------------------------------------------

    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> Steps[list[KnowledgeDocument]]:
        narrowed = to_filter(condition, lists=True)
        seen = 0
        with self._engine.guard():
            native = self._native((yield self._engine.client()), info)

            def ask(size: int) -> Steps[tuple[list[KnowledgeDocument], bool]]:
                nonlocal seen
                answer = yield native.query.near_vector(
                    vector,
                    limit=size,
                    filters=narrowed.where,
                    return_metadata=_DISTANCE,
                    return_properties=convert.DOCUMENT,
                )
                seen = len(answer.objects)
                found = [
                    convert.to_document(one, score=convert.to_score(info.distance, one.metadata.distance))
                    for one in answer.objects
                ]
                return kept(found, condition, narrowed.exact), seen == size

            found: list[KnowledgeDocument] = yield from overfetch(ask, limit, first=min(limit, _MOST), most=_MOST)
            if len(found) < limit and seen < (yield from counted(native, narrowed.where)):
                found = yield from scanned(native, info, vector, limit, condition)
        return [one for one in found if threshold is None or (one.score or 0.0) >= threshold]

    def _search_text(
        self,
        info: CollectionInfo,
        text: str,
        vector: Sequence[float] | None,
        limit: int,
        condition: Filter | None,
    ) -> Steps[list[KnowledgeDocument]]:
        narrowed = to_filter(condition, lists=True)
        with self._engine.guard():
            query = self._native((yield self._engine.client()), info).query

            def ask(size: int) -> Steps[tuple[list[KnowledgeDocument], bool]]:
                options: dict[str, Any] = {
                    "query_properties": ["content"],
                    "limit": size,
                    "filters": narrowed.where,
                    "return_metadata": _SCORE,
                    "return_properties": convert.DOCUMENT,
                }
                if vector is None:
                    answer = yield query.bm25(text, **options)
                else:
                    weight = {} if self._alpha is None else {"alpha": self._alpha}
                    answer = yield query.hybrid(text, vector=vector, **weight, **options)
                found = [convert.to_document(one, score=one.metadata.score) for one in answer.objects]
                return kept(found, condition, narrowed.exact), len(found) == size

            return (yield from overfetch(ask, limit, first=min(limit, _MOST), most=_MOST))

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
        if not ids:
            return []
        with self._engine.guard():
            native = self._native((yield self._engine.client()), info)
            found = yield native.query.fetch_objects(
                filters=any_id(ids), limit=len(ids), include_vector=True, return_properties=convert.DOCUMENT
            )
        return [convert.to_document(one) for one in found.objects]

    def _count(self, info: CollectionInfo, condition: Filter | None) -> Steps[int]:
        narrowed = to_filter(condition)
        with self._engine.guard():
            native = self._native((yield self._engine.client()), info)
            if narrowed.exact:
                return (yield from counted(native, narrowed.where))
            found, after = 0, None
            while True:
                page, after = yield from matching(native, condition, self.max_batch, after)
                found += len(page)
                if after is None:
                    return found

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> Steps[tuple[list[KnowledgeDocument], Any]]:
        with self._engine.guard():
            native = self._native((yield self._engine.client()), info)
            return (yield from matching(native, condition, min(size, self.max_batch), after, vectors=True))

    # -- inside --------------------------------------------------------------------------------------------------

    def _native(self, client: Any, info: CollectionInfo) -> Any:
        """Weaviate's own handle of a collection."""
        native = handle(client, convert.to_name(self._prefix + info.name))
        return native if self._consistency is None else native.with_consistency_level(self._consistency)

    def _description(self, client: Any, name: str) -> Steps[str | None]:
        """What Weaviate keeps with a collection; None where there is none, "" for one without."""
        try:
            found = yield handle(client, convert.to_name(self._prefix + name)).config.get(simple=True)
        except UnexpectedStatusCodeError as exc:
            if exc.status_code == 404:
                return None
            raise
        return found.description or ""

    def _check_present(self, client: Any, info: CollectionInfo) -> Steps[None]:
        """Weaviate would make a collection that is not there, of a kind that it guesses.

        Raises:
            NotFoundError: it is gone, or another one by now.
        """
        if (yield from self._description(client, info.name)) != self._descriptions[info.name]:
            raise NotFoundError(f"collection {info.name!r} was deleted meanwhile", hint="repeat the call")

    def _prepare(self, client: Any) -> Steps[None]:
        if not self._can_claim:
            yield from claims.prepare(client)
            self._can_claim = True
