"""Collections as Cosmos DB's containers, documents as items of one partition: the hooks of both stores.

Checks are in `praison_persist.vectorsteps`, conversions in `convert` and `filters`, clients in `engine`.
"""

from __future__ import annotations

import logging
import uuid
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from azure.cosmos import PartitionKey, ThroughputProperties

from praison_persist.asking import ask
from praison_persist.errors import AlreadyExistsError, ConfigurationError, NotFoundError, PersistError
from praison_persist.filters import Filter
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.retry import RetryPolicy
from praison_persist.steps import Steps
from praison_persist.validation import check_dimension, check_positive, is_identifier
from praison_persist.vectorsteps import VectorSteps, collection_not_found
from praison_persist.waiting import until

from . import convert
from .location import Location
from .options import Fields, NewContainer, Remote, check_prefix
from .reading import Space
from .writing import MOST_AT_ONCE, Position, created, deleted, replaced, settled

__all__ = ["CosmosDBHooks"]

_logger = logging.getLogger(__name__)

_REMEMBERED = 10_000


class CosmosDBHooks(VectorSteps):
    """What `CosmosDBKnowledgeStore` and `AsyncCosmosDBKnowledgeStore` are given, and how they use Cosmos DB.

    A collection is a container; its documents are items of one logical partition of it.

    Args:
        url: a connection string, or the account's ``https://`` address, with the key in its user part or without;
            default ``COSMOS_CONNECTION_STRING``. ``http://`` is for an emulator.
        connection_string: the same.
        key: of the account.
        credential: a token credential of azure-identity, in place of a key; the asynchronous store takes one of
            ``azure.identity.aio``.
        database: default that of the URL, then ``praisonai``; made with the first collection.
        collection: starts the names of this store's containers: ``vectors.docs`` for a collection ``docs``.
        api_mode: ``"nosql"``; for ``"mongodb"`` the registry makes the store of praison-persist-mongodb instead.
        embedding_field, text_field: of an item, with a document's embedding and its content.
        vector_index: of new containers: ``"quantizedFlat"`` compares compressed vectors, ``"diskANN"`` is for more than
            some 50,000 documents, ``"flat"`` is exact and for at most 505 dimensions.
        quantization_byte_size, indexing_search_list_size: of the vector index of new containers; more finds more of
            the nearest.
        throughput, max_throughput: RU/s of new containers, fixed or scaling; none of them for serverless accounts.
        timeout: seconds for a request with its repetitions.
        connect_timeout: seconds for a connection.
        ready_timeout: seconds until a new container must be ready.
        wait_timeout: seconds that ``wait=True`` waits until queries find what was written.
        max_retries, retry_delay: repetitions of what failed or was throttled; seconds of the longest first pause.
        index_name, embedding_dim: taken from PraisonAI's configurations and not used: a vector index has no name here,
            and every collection knows its dimension.

    Raises:
        ConfigurationError, InvalidInputError: no account, no key, or wrong options.
    """

    max_dimension = 4096
    max_batch = MOST_AT_ONCE

    def __init__(
        self,
        url: str | None = None,
        *,
        connection_string: str | None = None,
        key: str | None = None,
        credential: Any = None,
        database: str | None = None,
        collection: str = "vectors",
        api_mode: str | None = None,
        index_name: str = "vector_index",
        embedding_field: str = "embedding",
        text_field: str = "content",
        vector_index: str = "quantizedFlat",
        quantization_byte_size: int | None = None,
        indexing_search_list_size: int | None = None,
        throughput: int | None = None,
        max_throughput: int | None = None,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        ready_timeout: float = 60.0,
        wait_timeout: float = 30.0,
        max_retries: int = 3,
        retry_delay: float = 0.2,
        embedding_dim: int = 1536,
    ) -> None:
        super().__init__()
        del index_name
        try:
            check_dimension(embedding_dim)
            if api_mode not in (None, "nosql"):
                raise ConfigurationError(
                    f"api_mode {api_mode!r} is not of this store",
                    hint="KNOWLEDGE_STORES.create('cosmosdb', ...) knows 'nosql' and 'mongodb'",
                )
            location = Location.of(url, connection_string, key, credential, database)
            policy = RetryPolicy(max_retries, retry_delay)
            self._prefix = check_prefix(collection) + "."
            self._fields = Fields.of(text_field, embedding_field)
            self._new = NewContainer.of(
                vector_index, quantization_byte_size, indexing_search_list_size, throughput, max_throughput
            )
            self._ready_timeout = check_positive(ready_timeout, "ready_timeout")
            self._wait_timeout = check_positive(wait_timeout, "wait_timeout")
            remote = Remote(
                timeout=check_positive(timeout, "timeout"),
                connect_timeout=check_positive(connect_timeout, "connect_timeout"),
                max_retries=policy.max_retries,
                retry_delay=policy.retry_delay,
            )
            self._engine: Any = self._open_engine(location, remote)
        except PersistError as error:
            error.backend = self.backend
            raise
        self._location = location
        self._approximate: dict[str, bool] = {}  # by collection: whether its vector index may overlook documents
        self._positions: dict[tuple[str, str], Position] = {}  # of writes that somebody may wait for

    @abstractmethod
    def _open_engine(self, location: Location, remote: Remote) -> Any:
        """The way to Cosmos DB, an `Engine` or `AsyncEngine`; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._location)!r}, collection={self._prefix[:-1]!r})"

    def _about(self) -> Mapping[str, str | None]:
        return {"server": "Azure Cosmos DB for NoSQL", "driver": f"azure-cosmos {metadata.version('azure-cosmos')}"}

    def _close(self) -> Steps[None]:
        yield self._engine.close()

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> Steps[bool]:
        try:
            try:
                yield from self._create_container(info)
            except NotFoundError:
                yield from self._create_database()
                yield from self._create_container(info)
        except AlreadyExistsError:
            yield from self._check_same(info)
            return False
        _logger.info("container %r is created", self._prefix + info.name)

        def ready() -> Steps[bool]:
            return (yield from self._properties(info.name)) is not None

        try:
            yield from until(
                self._engine.pause, ready, self._ready_timeout, f"the container of {info.name!r} is not ready"
            )
            if info.metadata is not None:
                item = convert.about(info)
                yield from self._on_container(info.name, lambda container: container.upsert_item(item), write=True)
        except PersistError:
            yield from self._drop(info.name)
            raise
        return True

    def _create_container(self, info: CollectionInfo) -> Steps[None]:
        arguments: dict[str, Any] = {
            "id": self._prefix + info.name,
            "partition_key": PartitionKey("/partition"),
            "timeout": self._engine.remote.timeout,
            **convert.definition(info, self._fields, self._new),
        }
        if self._new.throughput is not None:
            arguments["offer_throughput"] = self._new.throughput
        elif self._new.max_throughput is not None:
            arguments["offer_throughput"] = ThroughputProperties(auto_scale_max_throughput=self._new.max_throughput)
        yield from ask(
            self._engine,
            lambda: self._engine.database(lambda database: database.create_container(**arguments)),
            write=True,
            once=True,
        )

    def _create_database(self) -> Steps[None]:
        name, timeout = self._location.database, self._engine.remote.timeout
        client = yield self._engine.client()
        try:
            yield from ask(self._engine, lambda: client.create_database(name, timeout=timeout), write=True)
            _logger.info("database %r is created", name)
        except AlreadyExistsError:
            pass  # by another writer, in the same moment

    def _check_same(self, info: CollectionInfo) -> Steps[None]:
        """Tell of a container that is there with another dimension or distance than the one asked for."""
        found = yield from self._describe(info.name)
        if found is not None and (found.dimension, found.distance) != (info.dimension, info.distance):
            raise AlreadyExistsError(
                f"collection {info.name!r} exists with dimension {found.dimension} and distance {found.distance!r}, "
                f"not {info.dimension} and {info.distance!r}",
                hint="use another name, or delete it first",
            )

    def _drop(self, name: str) -> Steps[bool]:
        self._approximate.pop(name, None)
        container, timeout = self._prefix + name, self._engine.remote.timeout
        try:
            yield from ask(
                self._engine,
                lambda: self._engine.database(lambda database: database.delete_container(container, timeout=timeout)),
                write=True,
            )
        except NotFoundError:
            return False

        def dropped() -> Steps[bool]:
            return (yield from self._properties(name)) is None

        yield from until(self._engine.pause, dropped, self._ready_timeout, f"container {container!r} is still there")
        return True

    def _describe(self, name: str) -> Steps[CollectionInfo | None]:
        properties = yield from self._properties(name)
        if properties is None:
            return None
        timeout = self._engine.remote.timeout
        try:
            kept = yield from self._on_container(
                name,
                lambda container: container.read_item(convert.ABOUT, convert.ABOUT_PARTITION, timeout=timeout),
            )
        except NotFoundError:
            kept = None
        info, approximate = convert.describe(name, properties, kept, self._fields)
        self._approximate[name] = approximate
        return info

    def _names(self) -> Steps[list[str]]:
        timeout = self._engine.remote.timeout
        try:
            containers: list[Any] = yield from ask(
                self._engine,
                lambda: self._engine.listed(lambda database: database.list_containers(timeout=timeout)),
            )
        except NotFoundError:  # the database comes with the first collection
            return []
        ids = [container["id"] for container in containers if container["id"].startswith(self._prefix)]
        return [name for id_ in ids if is_identifier(name := id_[len(self._prefix) :], longest=63)]

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        write = uuid.uuid4().hex
        items = [convert.to_item(document, self._fields, write) for document in documents]
        self._written(info, documents, (yield from created(self._space(info), items, write)))

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        write = uuid.uuid4().hex
        items = [convert.to_item(document, self._fields, write) for document in documents]
        self._written(info, documents, (yield from replaced(self._space(info), items)))

    def _written(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument], position: Position | None) -> None:
        """Keep how far a write has come, for the one who waits for its last document."""
        if len(self._positions) > _REMEMBERED:
            self._positions.clear()
        if position is not None:
            self._positions[info.name, documents[-1].id] = position

    def _settle(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        if (position := self._positions.pop((info.name, documents[-1].id), None)) is not None:
            yield from settled(self._space(info), position, self._wait_timeout)

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> Steps[int]:
        space = self._space(info)
        items = None if ids is None else [convert.to_item_id(id_) for id_ in ids]
        matching: list[str] = yield from space.matching(condition, items)
        count, position = yield from deleted(space, matching)
        if position is not None:
            yield from settled(space, position, self._wait_timeout)
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
        found: list[KnowledgeDocument] = yield from self._space(info).nearest(info, vector, limit, condition)
        return [one for one in found if threshold is None or (one.score or 0.0) >= threshold]

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
        return (yield from self._space(info).fetched([convert.to_item_id(id_) for id_ in ids]))

    def _count(self, info: CollectionInfo, condition: Filter | None) -> Steps[int]:
        return (yield from self._space(info).counted(condition))

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> Steps[tuple[list[KnowledgeDocument], Any]]:
        return (yield from self._space(info).page(condition, size, after))

    # -- inside --------------------------------------------------------------------------------------------------

    def _space(self, info: CollectionInfo) -> Space:
        """The collection in Cosmos DB."""
        approximate = self._approximate.get(info.name)
        if approximate is None:  # deleted by another thread
            raise collection_not_found(info.name)
        return Space(self._engine, self._prefix + info.name, self._fields, approximate)

    def _properties(self, name: str) -> Steps[Mapping[str, Any] | None]:
        """What Cosmos DB tells of a collection's container; None where there is none."""
        timeout = self._engine.remote.timeout
        try:
            return (yield from self._on_container(name, lambda container: container.read(timeout=timeout)))
        except NotFoundError:
            return None

    def _on_container(self, name: str, act: Any, *, write: bool = False) -> Steps[Any]:
        """What an action gives on the client of a collection's container."""
        container = self._prefix + name
        return (
            yield from ask(
                self._engine,
                lambda: self._engine.database(lambda database: act(database.get_container_client(container))),
                write=write,
            )
        )
