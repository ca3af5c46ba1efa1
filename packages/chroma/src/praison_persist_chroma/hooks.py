"""Collections and documents in Chroma: the hooks of both stores, for either client and the embedded engine.

Checks are in `praison_persist.vectorsteps`, conversions in `convert`, clients in `engine`, what writing
takes in `writing`, searching in `searching`.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from praison_persist.errors import AlreadyExistsError, ConfigurationError, NotFoundError, PersistError
from praison_persist.filters import Filter, matches
from praison_persist.health import library_of
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance
from praison_persist.steps import Steps
from praison_persist.validation import check_bool, check_identifier, check_positive, is_identifier
from praison_persist.vectorsteps import VectorSteps

from . import convert, searching, writing
from .location import Location
from .remote import Remote

__all__ = ["ChromaHooks"]

_INDEX = frozenset(
    {"ef_construction", "ef_search", "max_neighbors", "num_threads", "batch_size", "sync_threshold", "resize_factor"}
)
_RECORDS = 5000
_CLOUD_RECORDS = 300
"""Most records that Chroma Cloud reads or writes at a time."""


class ChromaHooks(VectorSteps):
    """What `ChromaKnowledgeStore` and `AsyncChromaKnowledgeStore` are given, and how they use Chroma.

    Without ``url``, ``path``, ``host`` and ``api_key`` the documents are in this store's memory.

    Args:
        url: ``http://``, ``https://`` or ``chroma://host:8000`` (``chroma://`` is http), ``":memory:"``, or a
            directory.
        path: directory of the embedded engine, which one process at a time may write to.
        host, port: of a server, where no URL is given.
        persistent: False keeps the documents in memory although a path is given.
        api_key: of the server; alone, of Chroma Cloud. For a cloud URL the default is ``CHROMA_API_KEY``.
        tenant, database: in the cloud the default is ``CHROMA_TENANT``, ``CHROMA_DATABASE``, then those of the key.
        headers: sent with every request to a server.
        timeout: seconds for a request to a server.
        connect_timeout: seconds for a connection, and for the server's first answer.
        collection_prefix: starts the names of this store's collections in Chroma; it sees no others.
        hnsw: index options of new collections, as Chroma names them (``ef_search``, ``ef_construction``,
            ``max_neighbors`` ...).

    Raises:
        ConfigurationError: wrong URL or options.
    """

    distances: tuple[Distance, ...] = ("cosine", "dot", "euclidean")

    def __init__(
        self,
        url: str | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        host: str | None = None,
        port: int = 8000,
        persistent: bool = True,
        api_key: str | None = None,
        tenant: str | None = None,
        database: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        collection_prefix: str = "",
        hnsw: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        try:
            keep = check_bool(persistent, "persistent")
            location = Location.of(url, path, host, port, keep, api_key, tenant, database)
            remote = Remote(
                timeout=check_positive(timeout, "timeout"),
                connect_timeout=check_positive(connect_timeout, "connect_timeout"),
                headers=dict(headers or {}),
            )
            self._engine: Any = self._open_engine(location, remote)
            self._prefix = check_identifier(collection_prefix, "collection_prefix", empty=True, longest=128)
            self._index = _index_options(hnsw)
        except PersistError as error:
            error.backend = self.backend
            raise
        self.max_batch = _CLOUD_RECORDS if location.cloud else 1000
        self._records = _CLOUD_RECORDS if location.cloud else _RECORDS
        self._models: dict[str, Any] = {}

    @abstractmethod
    def _open_engine(self, location: Location, remote: Remote) -> Any:
        """The way to Chroma, an `Engine` or `AsyncEngine`; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._engine.location)!r})"

    def _setup(self) -> Steps[None]:
        """Reach the server, or open the directory; there is nothing to create."""
        with self._engine.guard():
            yield self._engine.client()

    def _about(self) -> Steps[dict[str, str | None]]:
        with self._engine.guard():
            client = yield self._engine.client()
            version = yield client.api.get_version()
            server = "embedded Chroma" if self._engine.embedded else f"Chroma {version}"
            return {"server": server, "driver": library_of(client.api)}

    def _close(self) -> Steps[None]:
        yield self._engine.close()

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> Steps[bool]:
        configuration = {"hnsw": {**self._index, "space": convert.SPACES[info.distance]}}
        try:
            with self._engine.guard(write=True):
                client = yield self._engine.client()
                yield client.api.create_collection(
                    self._full(info.name),
                    configuration=configuration,
                    metadata=convert.kept(info),
                    tenant=client.space.tenant,
                    database=client.space.database,
                )
        except AlreadyExistsError:
            return False
        return True

    def _drop(self, name: str) -> Steps[bool]:
        try:
            with self._engine.guard(write=True):
                client = yield self._engine.client()
                place = {"tenant": client.space.tenant, "database": client.space.database}
                if not self._engine.location.cloud:  # which keeps nothing of what is deleted
                    model = yield client.api.get_collection(self._full(name), **place)
                    collection = client.collection(client=client.api, model=model, embedding_function=None)
                    # Records with lists are deleted first, or others would inherit the lists, see core.
                    listed = yield from searching.with_lists(collection, self._records)
                    for start in range(0, len(listed), self.max_batch):
                        yield collection.delete(ids=listed[start : start + self.max_batch])
                yield client.api.delete_collection(self._full(name), **place)
        except NotFoundError:
            return False
        return True

    def _describe(self, name: str) -> Steps[CollectionInfo | None]:
        try:
            with self._engine.guard():
                client = yield self._engine.client()
                model = yield client.api.get_collection(
                    self._full(name), tenant=client.space.tenant, database=client.space.database
                )
        except NotFoundError:
            return None
        info = convert.describe(name, model)
        self._models[name] = model
        return info

    def _names(self) -> Steps[list[str]]:
        names: list[str] = []
        with self._engine.guard():
            client = yield self._engine.client()
            while True:
                page = yield client.api.list_collections(
                    limit=self._records, offset=len(names), tenant=client.space.tenant, database=client.space.database
                )
                names += [model.name for model in page]
                if len(page) < self._records:
                    break
        full = [name for native in names if (name := convert.from_name(native)).startswith(self._prefix)]
        return [name for native in full if is_identifier(name := native[len(self._prefix) :])]

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        with self._engine.guard(write=True):
            collection = yield from self._collection(info)
            yield from writing.insert(collection, documents, alone=self._engine.embedded)

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        with self._engine.guard(write=True):
            collection = yield from self._collection(info)
            yield from writing.upsert(collection, documents, alone=self._engine.embedded)

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> Steps[int]:
        removed = 0
        with self._engine.guard(write=True):
            collection = yield from self._collection(info)
            found = yield from self._matching(collection, condition, ids)
            for start in range(0, len(found), self.max_batch):
                yield collection.delete(ids=found[start : start + self.max_batch])
                removed += len(found[start : start + self.max_batch])
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
        where = convert.KEYS.where(condition).where
        with self._engine.guard():
            collection = yield from self._collection(info)
            found, seen = yield from searching.nearest(collection, info, vector, limit, condition, where)
            if len(found) < limit:
                # The index may overlook documents; whether it did is seen from the ids.
                ids = yield from searching.ids(collection, where, self._records)
                overlooked = [id_ for id_ in ids if id_ not in seen]
                for start in range(0, len(overlooked), self.max_batch):
                    part = overlooked[start : start + self.max_batch]
                    found += yield from searching.scored(collection, info, vector, part, condition)
                found = sorted(found, key=lambda document: -(document.score or 0.0))[:limit]
        return [document for document in found if threshold is None or (document.score or 0.0) >= threshold]

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
        with self._engine.guard():
            collection = yield from self._collection(info)
            return (yield from searching.fetch(collection, ids)) if ids else []

    def _count(self, info: CollectionInfo, condition: Filter | None) -> Steps[int]:
        with self._engine.guard():
            collection = yield from self._collection(info)
            if condition is None:
                return (yield collection.count())
            return len((yield from self._matching(collection, condition, None)))

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> Steps[tuple[list[KnowledgeDocument], Any]]:
        """The ids are read at the beginning: Chroma counts from the first record, which deleting shifts."""
        with self._engine.guard():
            collection = yield from self._collection(info)
            left: list[str] = (yield from self._matching(collection, condition, None)) if after is None else after
            size = min(size, self.max_batch)
            found = (yield from searching.fetch(collection, left[:size])) if left else []
        return [document for document in found if matches(condition, document.metadata)], left[size:] or None

    # -- inside --------------------------------------------------------------------------------------------------

    def _full(self, name: str) -> str:
        """The name of a collection in Chroma."""
        return convert.to_name(self._prefix + name)

    def _collection(self, info: CollectionInfo) -> Steps[Any]:
        client = yield self._engine.client()
        return client.collection(client=client.api, model=self._models[info.name], embedding_function=None)

    def _matching(self, collection: Any, condition: Filter | None, ids: Sequence[str] | None) -> Steps[list[str]]:
        """The ids of the documents that match, among those given."""
        if condition is None:
            return (yield from searching.ids(collection, None, self._records, ids))
        where = convert.KEYS.where(condition).where
        return (yield from searching.matching_ids(collection, where, self._records, condition, ids))


def _index_options(hnsw: Mapping[str, Any] | None) -> dict[str, Any]:
    options = dict(hnsw or {})
    if unknown := sorted(set(options) - _INDEX):
        raise ConfigurationError(
            f"hnsw has an unknown option {unknown[0]!r}", hint=f"Chroma's names are {', '.join(sorted(_INDEX))}"
        )
    for name, value in options.items():
        check_positive(value, f"hnsw {name}")
    return options
