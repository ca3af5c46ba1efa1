"""Collections as Pinecone's indexes, documents as records of a namespace: the hooks of both stores, for either client.

Checks are in `praison_persist.vectorsteps`, conversions in `convert` and `filters`, clients in `engine`.
"""

from __future__ import annotations

import logging
import threading
import uuid
from abc import abstractmethod
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from praison_persist.asking import ask
from praison_persist.errors import (
    AlreadyExistsError,
    ConfigurationError,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)
from praison_persist.filters import Filter
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.retry import RetryPolicy
from praison_persist.steps import Steps
from praison_persist.validation import check_bool, check_identifier, check_positive
from praison_persist.vectorsteps import VectorSteps, already_exists, collection_not_found
from praison_persist.waiting import until

from . import convert
from .location import Location
from .options import NewIndex, Remote, check_index_name
from .reading import PAGE, Space, counted, fetched, kept, matching, nearest
from .writing import deleted, gone, marks_of, present, stored, take_back, visible

__all__ = ["PineconeHooks"]

_logger = logging.getLogger(__name__)


class PineconeHooks(VectorSteps):
    """What `PineconeKnowledgeStore` and `AsyncPineconeKnowledgeStore` are given, and how they use Pinecone.

    A collection is an index; its documents are records in one namespace of it.

    Args:
        url: ``pinecone://``, ``pinecone://KEY@api.pinecone.io?namespace=n``, or the ``https://`` address of a control
            plane; default ``PINECONE_CONTROLLER_HOST``, then Pinecone's own.
        api_key: default ``PINECONE_API_KEY``.
        index_name: the one index that the store works with, whatever its collection is called; default
            ``PINECONE_INDEX``. Without it each collection has an index of its own.
        environment: cloud and region in Pinecone's older form, such as ``us-east-1-aws``.
        namespace: of every index.
        cloud, region: of new indexes; default ``aws`` and ``us-east-1``.
        deletion_protection: of new indexes: Pinecone refuses to delete them.
        collection_prefix: starts the names of this store's collections in Pinecone; it sees no others.
        timeout: seconds for a request with its repetitions, and until searches see what was written.
        connect_timeout: seconds for a connection.
        ready_timeout: seconds until a new index must be ready.
        max_retries, retry_delay: repetitions of what failed or was throttled; seconds of the longest first pause.

    Raises:
        ConfigurationError: no key, a wrong URL or wrong options.
    """

    max_dimension = 20_000
    max_batch = 1000

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        index_name: str | None = None,
        environment: str | None = None,
        namespace: str | None = None,
        cloud: str | None = None,
        region: str | None = None,
        deletion_protection: bool = False,
        collection_prefix: str = "",
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        ready_timeout: float = 300.0,
        max_retries: int = 3,
        retry_delay: float = 0.2,
    ) -> None:
        super().__init__()
        try:
            location = Location.of(url, api_key, index_name, namespace)
            check_index_name(location.index_name)
            policy = RetryPolicy(max_retries, retry_delay)
            self._new = NewIndex.of(cloud, region, environment, check_bool(deletion_protection, "deletion_protection"))
            self._prefix = check_identifier(collection_prefix, "collection_prefix", empty=True, longest=128)
            if location.index_name is not None and self._prefix:
                raise ConfigurationError("index_name and collection_prefix do not go together")
            remote = Remote(
                timeout=check_positive(timeout, "timeout"),
                connect_timeout=check_positive(connect_timeout, "connect_timeout"),
                ready_timeout=check_positive(ready_timeout, "ready_timeout"),
                max_retries=policy.max_retries,
                retry_delay=policy.retry_delay,
            )
            self._engine: Any = self._open_engine(location, remote)
        except PersistError as error:
            error.backend = self.backend
            raise
        self._location = location
        self._places: dict[str, tuple[str, bool]] = {}  # by collection: the index's host, whether we made it
        self._positions: dict[str, int] = {}  # by collection: how far in its log this store has written
        self._lock = threading.Lock()

    @abstractmethod
    def _open_engine(self, location: Location, remote: Remote) -> Any:
        """The way to Pinecone, an `Engine` or `AsyncEngine`; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._location)!r})"

    def _about(self) -> dict[str, str | None]:
        return {"server": "Pinecone", "driver": f"pinecone {metadata.version('pinecone')}"}

    def _close(self) -> Steps[None]:
        yield self._engine.close()

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> Steps[bool]:
        name = self._index_name(info.name)
        arguments = {
            "name": name,
            "schema": convert.schema(info),
            "tags": convert.tags(self._prefix + info.name, info),
            "timeout": -1,  # the client's own waiting has no pause shorter than seconds
            **self._new.arguments(),
        }
        client = yield self._engine.control()
        try:
            yield from ask(self._engine, lambda: client.indexes.create(**arguments), write=True, once=True)
        except AlreadyExistsError:
            yield from self._check_same(client, info)
            return False
        _logger.info("index %r is created", name)
        yield from self._ready(client, name)
        return True

    def _check_same(self, client: Any, info: CollectionInfo) -> Steps[None]:
        """Tell of an index that is there with another dimension or metric than the one asked for."""
        index = yield from self._index(client, info.name)
        if index is None:
            return
        found, _ = convert.describe(info.name, index)
        if (found.dimension, found.distance) != (info.dimension, info.distance):
            raise AlreadyExistsError(
                f"index {index.name!r} exists with dimension {found.dimension} and distance {found.distance!r}, "
                f"not {info.dimension} and {info.distance!r}",
                hint="use another collection, or delete it first",
            )

    def _drop(self, name: str) -> Steps[bool]:
        client = yield self._engine.control()
        if (yield from self._ours(client, name)) is None:
            return False
        index = self._index_name(name)
        try:
            yield from ask(self._engine, lambda: client.indexes.delete(index, timeout=-1), write=True)
        except NotFoundError:
            return False
        self._places.pop(name, None)
        self._positions.pop(name, None)

        def dropped() -> Steps[bool]:
            return (yield from self._index(client, name)) is None

        yield from until(
            self._engine.pause, dropped, self._engine.remote.ready_timeout, f"index {index!r} is still there"
        )
        return True

    def _describe(self, name: str) -> Steps[CollectionInfo | None]:
        client = yield self._engine.control()
        index = yield from self._ours(client, name)
        if index is None:
            return None
        if not index.status.ready or index.host is None:
            index = yield from self._ready(client, index.name)
        info, native = convert.describe(name, index)
        self._places[name] = index.host, native
        return info

    def _names(self) -> Steps[list[str]]:
        indexes: list[Any] = yield from ask(self._engine, self._engine.listed)
        wanted = self._location.index_name
        names: list[str] = []
        for index in indexes:
            if wanted is not None and index.name != wanted:
                continue
            full = convert.name_of(index) or index.name.replace("-", "_")
            if not full.startswith(self._prefix) or not _is_name(name := full[len(self._prefix) :]):
                continue
            if wanted is not None or self._index_name(name) == index.name:
                names.append(name)
        return names

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        records = self._records(documents)
        ids = [record.body["id"] for record in records]
        space = yield from self._space(info)
        if taken := (yield from fetched(space, ids)):
            raise already_exists([convert.to_document(record).id for record in taken])
        try:
            yield from self._write(info, space, records)
        except PersistError as failure:
            if failure.ambiguous and not isinstance(failure, OperationTimeoutError):
                yield from take_back(space, ids, failure)
            raise

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        records = self._records(documents)
        yield from self._write(info, (yield from self._space(info)), records)

    def _write(self, info: CollectionInfo, space: Space, records: Sequence[convert.Record]) -> Steps[None]:
        position = yield from stored(space, records)
        if position is not None:
            with self._lock:
                self._positions[info.name] = max(position, self._positions.get(info.name, 0))

    def _settle(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        space = yield from self._space(info)
        position = self._positions.get(info.name)
        if position is None:
            yield from present(space, [convert.to_record_id(document.id) for document in documents])
        else:
            yield from visible(space, position, documents[0].embedding or ())

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> Steps[int]:
        space = yield from self._space(info)
        if ids is None and condition is None:
            first = yield from ask(self._engine, lambda: space.index.list_paginated(namespace=space.namespace, limit=1))
            records = yield from fetched(space, [one.id for one in first.vectors if one.id])
            count: int = yield from counted(space)
            if records:
                yield from deleted(space, None)
                yield from gone(space, marks_of(records))
            return count
        marks: dict[str, Any] = {}
        if ids is not None:
            records = yield from fetched(space, [convert.to_record_id(id_) for id_ in ids])
            marks |= marks_of(kept(records, condition, condition is None))
        else:
            after: str | None = None
            while True:
                records, after = yield from matching(space, condition, PAGE, after)
                marks |= marks_of(records)
                if after is None:
                    break
        if marks:
            yield from deleted(space, list(marks))
            yield from gone(space, marks)
        return len(marks)

    # -- reading -------------------------------------------------------------------------------------------------

    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> Steps[list[KnowledgeDocument]]:
        space = yield from self._space(info)
        found: list[KnowledgeDocument] = yield from nearest(space, info, vector, limit, condition)
        return [one for one in found if threshold is None or (one.score or 0.0) >= threshold]

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
        space = yield from self._space(info)
        records = yield from fetched(space, [convert.to_record_id(id_) for id_ in ids])
        return [convert.to_document(record, whole=True) for record in records]

    def _count(self, info: CollectionInfo, condition: Filter | None) -> Steps[int]:
        space = yield from self._space(info)
        if condition is None:
            return (yield from counted(space))
        found, after = 0, None
        while True:
            page, after = yield from matching(space, condition, PAGE, after)
            found += len(page)
            if after is None:
                return found

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> Steps[tuple[list[KnowledgeDocument], Any]]:
        space = yield from self._space(info)
        records, after = yield from matching(space, condition, size, after)
        return [convert.to_document(record, whole=True) for record in records], after

    # -- inside --------------------------------------------------------------------------------------------------

    def _index_name(self, name: str) -> str:
        """The name of a collection's index in Pinecone."""
        return self._location.index_name or convert.index_name(self._prefix + name)

    def _index(self, client: Any, name: str) -> Steps[Any]:
        """What Pinecone tells of a collection's index; None where there is none."""
        index = self._index_name(name)
        try:
            return (yield from ask(self._engine, lambda: client.indexes.describe(index)))
        except NotFoundError:
            return None

    def _ours(self, client: Any, name: str) -> Steps[Any]:
        """As `_index`, but None also for an index that is going, or is that of another collection."""
        index = yield from self._index(client, name)
        if index is None or index.status.state == "Terminating":
            return None
        full = convert.name_of(index)
        return index if full in (None, self._prefix + name) else None

    def _ready(self, client: Any, index: str) -> Steps[Any]:
        """What Pinecone tells of an index as soon as that is ready."""
        found: list[Any] = []

        def ready() -> Steps[bool]:
            told = yield from ask(self._engine, lambda: client.indexes.describe(index))
            found[:] = [told]
            _logger.info("index %r: %s", index, told.status.state)
            if told.status.state == "InitializationFailed":
                raise UnavailableError(f"Pinecone could not make index {index!r}", retryable=False)
            return told.status.ready and told.host is not None

        yield from until(self._engine.pause, ready, self._engine.remote.ready_timeout, f"index {index!r} is not ready")
        return found[0]

    def _space(self, info: CollectionInfo) -> Steps[Space]:
        """The collection's part of Pinecone."""
        place = self._places.get(info.name)
        if place is None:  # deleted by another thread
            raise collection_not_found(info.name)
        host, native = place
        return Space(self._engine, (yield self._engine.index(host)), self._location.namespace, native)

    def _records(self, documents: Sequence[KnowledgeDocument]) -> list[convert.Record]:
        write = uuid.uuid4().hex
        return [convert.to_record(document, write) for document in documents]


def _is_name(name: str) -> bool:
    """Whether the contract can name this collection; other indexes belong to somebody else."""
    try:
        check_identifier(name, "collection name")
    except ValueError:
        return False
    return True
