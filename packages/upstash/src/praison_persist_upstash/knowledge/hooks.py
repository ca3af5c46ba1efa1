"""Collections as namespaces of an Upstash index, documents as vectors: the hooks of both stores, for either client.

Checks are in `praison_persist.vectorsteps`, conversions in `convert` and `filters`, clients in `engine`.
"""

from __future__ import annotations

import uuid
from abc import abstractmethod
from collections.abc import Sequence
from importlib import metadata
from typing import Any, NamedTuple

from praison_persist.asking import ask
from praison_persist.errors import (
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnsupportedError,
)
from praison_persist.filters import Filter, matches
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance
from praison_persist.steps import Steps
from praison_persist.validation import check_bool, check_dimension, check_identifier
from praison_persist.vectorsteps import VectorSteps, already_exists, collection_not_found
from praison_persist.waiting import until

from . import convert
from .convert import COLLECTION
from .reading import IDS, Space, counts_of, fetched, matching, nearest, page
from .remote import Remote
from .writing import deleted, gone, stored, take_back, visible

__all__ = ["UpstashVectorHooks"]


class _Shape(NamedTuple):
    """What an index was created with."""

    dimension: int
    distance: Distance


class UpstashVectorHooks(VectorSteps):
    """What `UpstashVectorKnowledgeStore` and `AsyncUpstashVectorKnowledgeStore` are given, and how they use Upstash.

    A collection is a namespace of the index; its documents are vectors there. Index, dimension and metric are made in
    Upstash's console.

    Args:
        url: the HTTPS endpoint from Upstash's console, ``https://name-vector.upstash.io``; or
            ``upstash://:token@name-vector.upstash.io``. Without it ``UPSTASH_VECTOR_REST_URL`` or
            ``UPSTASH_VECTOR_URL``.
        token: of the REST interface; without it ``UPSTASH_VECTOR_REST_TOKEN`` or ``UPSTASH_VECTOR_TOKEN``.
        embedding_dim: what the index's dimension must be; None for any.
        collection_prefix: starts the names of this store's namespaces; it sees no others.
        complete: a filtered search that brings too few is completed by reading the collection; False takes what
            Upstash finds, which may be fewer than there are.
        timeout: seconds for a request with its repetitions.
        connect_timeout: seconds for a connection.
        visible_timeout: seconds until a write must be seen.
        max_retries, retry_delay: repetitions of what failed or was throttled; seconds of the longest first pause.

    Raises:
        ConfigurationError: no URL or token, a wrong URL or wrong options.
    """

    max_batch = IDS - 1

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        embedding_dim: int | None = None,
        collection_prefix: str = "",
        complete: bool = True,
        timeout: float = 10.0,
        connect_timeout: float = 3.0,
        visible_timeout: float = 30.0,
        max_retries: int = 3,
        retry_delay: float = 0.2,
    ) -> None:
        super().__init__()
        try:
            self._embedding_dim = None if embedding_dim is None else check_dimension(embedding_dim)
            self._prefix = check_identifier(collection_prefix, "collection_prefix", empty=True, longest=128)
            self._complete = check_bool(complete, "complete")
            self._remote = Remote.of(
                url,
                token,
                timeout=timeout,
                connect_timeout=connect_timeout,
                visible_timeout=visible_timeout,
                max_retries=max_retries,
                retry_delay=retry_delay,
            )
            self._engine: Any = self._open_engine(self._remote)
        except PersistError as error:
            error.backend = self.backend
            raise
        self._shape: _Shape | None = None
        self._foreign: set[str] = set()  # collections that another program filled

    @abstractmethod
    def _open_engine(self, remote: Remote) -> Any:
        """The way to the index, a `VectorEngine` or `AsyncVectorEngine`; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._remote.settings.url!r})"

    def _about(self) -> dict[str, str | None]:
        return {"server": "Upstash Vector", "driver": f"upstash-vector {metadata.version('upstash-vector')}"}

    def _close(self) -> Steps[None]:
        yield self._engine.close()

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> Steps[bool]:
        if (yield from self._describe(info.name)) is not None:
            return False
        shape: _Shape = yield from self._index()
        if shape != (info.dimension, info.distance):
            raise InvalidInputError(
                f"the index has dimension {shape.dimension} and distance {shape.distance!r}, not {info.dimension} "
                f"and {info.distance!r}",
                hint="both are chosen in Upstash's console; make another index there for other vectors",
            )
        space, write = (yield from self._space(info.name)), uuid.uuid4().hex
        record = convert.collection_record(info, write)
        yield from stored(space, [record], self._remote.settings.max_request_size)
        mark: list[Any] = []

        def there() -> Steps[bool]:
            mark[:] = [convert.mark_of(one) for one in (yield from fetched(space, [COLLECTION]))]
            return bool(mark) and (yield from self._counted(space)) > 0

        yield from until(
            self._engine.pause, there, self._remote.visible_timeout, "Upstash does not show the collection yet"
        )
        return mark == [write]

    def _drop(self, name: str) -> Steps[bool]:
        if (yield from self._describe(name)) is None:
            return False
        space = yield from self._space(name)
        try:
            yield from ask(self._engine, lambda: space.client.delete_namespace(space.namespace), write=True)
        except NotFoundError:
            return False

        def dropped() -> Steps[bool]:
            if (yield from fetched(space, [COLLECTION], metadata=False)):
                return False
            return (yield from self._counted(space)) == 0

        yield from until(
            self._engine.pause, dropped, self._remote.visible_timeout, "Upstash still shows the collection"
        )
        return True

    def _describe(self, name: str) -> Steps[CollectionInfo | None]:
        shape: _Shape = yield from self._index()
        space = yield from self._space(name)
        found = yield from fetched(space, [COLLECTION], data=True)
        if found:
            self._foreign.discard(name)
            return CollectionInfo(name, shape.dimension, shape.distance, convert.collection_metadata(found[0]))
        if (yield from self._counted(space)) == 0:
            return None
        self._foreign.add(name)
        return CollectionInfo(name, shape.dimension, shape.distance, None)

    def _names(self) -> Steps[list[str]]:
        told = yield from self._told()
        full = [name for name in told.namespaces if name and counts_of(told, name).vectors]
        names = [name[len(self._prefix) :] for name in full if name.startswith(self._prefix)]
        return [name for name in names if _is_name(name)]

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        records = self._records(documents)
        space = yield from self._space(info.name)
        by_id = {record.body["id"]: one.id for record, one in zip(records, documents, strict=True)}
        found: list[Any] = yield from fetched(space, [COLLECTION, *by_id], metadata=False)
        taken = self._checked(space, info, found)
        if taken:
            raise already_exists([by_id[one.id] for one in taken])
        try:
            yield from stored(space, records, self._remote.settings.max_request_size)
        except PersistError as failure:
            if failure.ambiguous and not isinstance(failure, OperationTimeoutError):
                yield from take_back(space, list(by_id), failure)
            raise

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        records = self._records(documents)
        space = yield from self._space(info.name)
        self._checked(space, info, (yield from fetched(space, [COLLECTION], metadata=False)))
        yield from stored(space, records, self._remote.settings.max_request_size)

    def _settle(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        space = yield from self._space(info.name)
        for start in range(0, len(documents), self.max_batch):  # as they were written
            batch = documents[start : start + self.max_batch]
            ids = [convert.to_record_id(one.id) for one in batch]
            write, vector = convert.write_of(batch), batch[-1].embedding or ()
            yield from visible(space, write, ids, vector, self._remote.visible_timeout)

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> Steps[int]:
        space = yield from self._space(info.name)
        marks: dict[str, Any] = {}
        if ids is not None:
            found = yield from fetched(space, [COLLECTION, *map(convert.to_record_id, ids)])
            marks |= _marks(self._checked(space, info, found), condition)
        else:
            after: str | None = None
            while True:
                found, after = yield from page(space, IDS, after)
                marks |= _marks(found, condition)
                if after is None:
                    break
        if marks:
            yield from deleted(space, list(marks))
            yield from gone(space, marks, self._remote.visible_timeout)
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
        space = yield from self._space(info.name)
        found: list[KnowledgeDocument] = yield from nearest(
            space, info, vector, limit, condition, complete=self._complete
        )
        if not found:
            yield from self._check_there(space, info)
        return [one for one in found if threshold is None or (one.score or 0.0) >= threshold]

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
        space = yield from self._space(info.name)
        found = yield from fetched(space, [COLLECTION, *map(convert.to_record_id, ids)], data=True, vectors=True)
        return [convert.to_document(one, whole=True) for one in self._checked(space, info, found)]

    def _count(self, info: CollectionInfo, condition: Filter | None) -> Steps[int]:
        space = yield from self._space(info.name)
        if condition is None:
            there: int = yield from self._counted(space)
            if there == 0:
                raise collection_not_found(info.name)
            return there - space.native
        found, after = 0, None
        while True:
            vectors, after = yield from page(space, IDS, after)
            found += len(_marks(vectors, condition))
            if after is None:
                break
        if not found:
            yield from self._check_there(space, info)
        return found

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> Steps[tuple[list[KnowledgeDocument], Any]]:
        space = yield from self._space(info.name)
        documents, following = yield from matching(space, condition, size, after)
        if after is None and following is None and not documents:
            yield from self._check_there(space, info)
        return documents, following

    # -- inside --------------------------------------------------------------------------------------------------

    def _space(self, name: str) -> Steps[Space]:
        """The collection's part of the index."""
        client = yield self._engine.client()
        return Space(self._engine, client, self._prefix + name, name not in self._foreign)

    def _told(self) -> Steps[Any]:
        """The index's statistics."""
        client = yield self._engine.client()
        return (yield from ask(self._engine, lambda: client.info()))

    def _counted(self, space: Space) -> Steps[int]:
        """How many vectors a namespace has, by the statistics."""
        return counts_of((yield from self._told()), space.namespace).vectors

    def _index(self) -> Steps[_Shape]:
        """What the index was created with.

        Raises:
            UnsupportedError: for sparse vectors.
            ConfigurationError: not with `embedding_dim`.
        """
        if self._shape is None:
            told = yield from self._told()
            distance = convert.METRICS.get(told.similarity_function)
            if told.sparse_index is not None or distance is None:
                raise UnsupportedError(
                    f"the index at {self._remote.settings.url} is not one of dense vectors only",
                    hint="make a dense index in Upstash's console",
                )
            if self._embedding_dim not in (None, told.dimension):
                raise ConfigurationError(
                    f"the index has dimension {told.dimension}, not embedding_dim={self._embedding_dim}",
                    hint="use the URL of another index, or leave embedding_dim= out",
                )
            self._shape = _Shape(told.dimension, distance)
        return self._shape

    def _checked(self, space: Space, info: CollectionInfo, found: Sequence[Any]) -> list[Any]:
        """The vectors of documents among those found; `COLLECTION` was asked for as well.

        Raises:
            NotFoundError: the collection was deleted meanwhile.
        """
        documents = [one for one in found if one.id != COLLECTION]
        if space.native and len(documents) == len(found):
            raise collection_not_found(info.name)
        return documents

    def _check_there(self, space: Space, info: CollectionInfo) -> Steps[None]:
        """Tell an empty collection from one that was deleted."""
        self._checked(space, info, (yield from fetched(space, [COLLECTION], metadata=False)))

    def _records(self, documents: Sequence[KnowledgeDocument]) -> list[convert.Record]:
        write = convert.write_of(documents)
        return [convert.to_record(document, write) for document in documents]


def _marks(vectors: Sequence[Any], condition: Filter | None) -> dict[str, Any]:
    """The marks of those that match, by id."""
    return {
        one.id: convert.mark_of(one)
        for one in vectors
        if condition is None or matches(condition, convert.to_document(one).metadata)
    }


def _is_name(name: str) -> bool:
    """Whether the contract can name this collection; other namespaces belong to somebody else."""
    try:
        check_identifier(name, "collection name")
    except ValueError:
        return False
    return True
