"""Collections, documents and filters in MongoDB: the hooks of both stores, for either client of PyMongo.

Checks are in `praison_persist.vectorsteps`, conversions in `convert` and `filters`, reading in `reading`.
"""

from __future__ import annotations

import logging
import secrets
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pymongo
from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure

from praison_persist.errors import (
    AlreadyExistsError,
    InvalidInputError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
    UnsupportedError,
)
from praison_persist.filters import Filter
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import DISTANCES
from praison_persist.steps import Steps
from praison_persist.vectorsteps import already_exists, collection_not_found
from praison_persist.waiting import until

from ..errors import lacks_search, refused_in, translated
from .convert import WRITE, Place, Row, entry_of, place_of, vector_of
from .cosmos import CosmosIndex
from .filters import FACTS
from .indexes import MAX_WRITTEN
from .options import MongoDBKnowledge
from .reading import Reader

__all__ = ["MongoDBVectors"]

_logger = logging.getLogger(__name__)

_REMEMBERED = 10_000


class MongoDBVectors(MongoDBKnowledge):
    """How both stores use MongoDB: a collection is one of MongoDB, and the catalog lists them."""

    distances = DISTANCES
    max_batch = MAX_WRITTEN

    @abstractmethod
    def _pause(self, seconds: float) -> Any:
        """Wait."""

    def _guard(self, *, write: bool = False) -> AbstractContextManager[None]:
        return translated(self._settings, write=write)

    def _about(self) -> Steps[Mapping[str, Any]]:
        database = yield self._databases.get()
        with self._guard():
            built = yield database.command("buildInfo")
        return {"server": f"MongoDB {built['version']}", "driver": f"pymongo {pymongo.version}"}

    def _close(self) -> Steps[None]:
        yield self._databases.close()

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> Steps[bool]:
        database = yield self._databases.get()
        indexed = yield from self._can_index(database, info)
        kind = self._index.kind if indexed else None
        place = Place(f"{self._catalog}.{info.name}.{secrets.token_hex(4)}", kind, indexed)
        with self._guard(write=True):
            try:
                yield database[self._catalog].insert_one(entry_of(info, place))
            except DuplicateKeyError:
                place = None
        if place is None:
            yield from self._check_same(info)
            return False
        try:
            with self._guard(write=True):
                yield database.command("create", place.documents)
                yield database[place.documents].create_index(FACTS)
            if place.indexed:
                yield from self._await_index(database, info, place)
        except OperationTimeoutError:
            raise  # the next one that uses the collection goes on
        except PersistError:
            yield from self._drop(info.name)
            raise
        return True

    def _drop(self, name: str) -> Steps[bool]:
        database = yield self._databases.get()
        self._places.pop(name, None)
        with self._guard(write=True):
            entry = yield database[self._catalog].find_one_and_delete({"_id": name})
            if entry is None:
                return False
            yield database[entry["documents"]].drop()
        return True

    def _describe(self, name: str) -> Steps[CollectionInfo | None]:
        database = yield self._databases.get()
        with self._guard():
            entry = yield database[self._catalog].find_one({"_id": name})
        if entry is None:
            return None
        info, place = place_of(entry)
        if self._search_by == "exact" or place.kind != self._index.kind:
            place = place._replace(indexed=False)
        self._places[name] = place
        if not place.indexed and place.documents not in self._told:
            self._told.add(place.documents)
            _logger.warning("collection %r has no search index: a search compares with each of its documents", name)
        return info

    def _names(self) -> Steps[list[str]]:
        database = yield self._databases.get()
        with self._guard():
            entries: list[Mapping[str, Any]] = yield database[self._catalog].find({}, {"_id": 1}).to_list()
        return [entry["_id"] for entry in entries]

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        reader = yield from self._reader(info)
        write = secrets.token_hex(16)
        # In one order, so that of two batches that meet one comes first at the first document of both.
        rows = sorted(self._rows(reader, documents, write), key=lambda row: row["_id"])
        ids = [row["_id"] for row in rows]
        refused: list[int] = []
        try:
            with self._guard(write=True):
                try:
                    yield reader.documents.insert_many(rows)
                except BulkWriteError as error:
                    refused = refused_in(error)
        except PersistError as failure:
            if failure.ambiguous and not isinstance(failure, OperationTimeoutError):
                yield from self._take_back(reader, ids, write, failure)
            raise
        if refused:
            if refused[0]:
                with self._guard(write=True):
                    yield reader.documents.delete_many({"_id": {"$in": ids[: refused[0]]}, WRITE: write})
            taken = yield from reader.writes_of(ids)
            raise already_exists(list(taken) or [ids[refused[0]]])
        self._remember(info, ids, write)

    def _take_back(self, reader: Reader, ids: Sequence[str], write: str, failure: PersistError) -> Steps[None]:
        """Take back what a failed insert may have written; where that fails too, the first error is the one to tell."""
        try:
            with self._guard(write=True):
                yield reader.documents.delete_many({"_id": {"$in": list(ids)}, WRITE: write})
        except PersistError as exc:
            raise failure from exc

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        reader = yield from self._reader(info)
        write = secrets.token_hex(16)
        rows = self._rows(reader, documents, write)
        while rows:
            changes = [ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in rows]
            with self._guard(write=True):
                try:
                    yield reader.documents.bulk_write(changes, ordered=False)
                    rows = []
                except BulkWriteError as error:
                    # Another writer made these documents in the same moment.
                    rows = [rows[index] for index in refused_in(error)]
        self._remember(info, [document.id for document in documents], write)

    def _rows(self, reader: Reader, documents: Sequence[KnowledgeDocument], write: str) -> list[Row]:
        to_vector = list if reader.place.kind == CosmosIndex.kind else vector_of
        return [self._fields.to_row(one, write, to_vector(one.embedding or ())) for one in documents]

    def _remember(self, info: CollectionInfo, ids: Sequence[str], write: str) -> None:
        """Which write brought the documents, so that waiting for them need not ask."""
        if len(self._recent) > _REMEMBERED:
            self._recent.clear()
        self._recent.update(((info.name, id_), write) for id_ in ids)

    def _settle(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        reader = yield from self._reader(info)
        index = self._index
        if not reader.place.indexed or isinstance(index, CosmosIndex):  # that one has what was written at once
            return
        vector = documents[0].embedding or ()
        for start in range(0, len(documents), self.max_batch):
            missing = [document.id for document in documents[start : start + self.max_batch]]

            def visible(missing: list[str] = missing) -> Steps[bool]:
                writes = {id_: self._recent.pop((info.name, id_), "") for id_ in missing}
                if "" in writes.values():  # looked for in vain before, or forgotten
                    writes = yield from reader.writes_of(missing)
                seen: set[str] = (yield from reader.seen(index, set(writes.values()), vector)) if writes else set()
                missing[:] = [id_ for id_ in writes if id_ not in seen]
                return not missing

            yield from until(
                self._pause, visible, self._wait_timeout, "MongoDB's search does not find the documents yet"
            )

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> Steps[int]:
        reader = yield from self._reader(info)
        where, exact = reader.where(condition, ids)
        if not exact:
            matching = yield from reader.matching(where, condition)
            where = {"_id": {"$in": matching}}
        with self._guard(write=True):
            done = yield reader.documents.delete_many(where)
        return done.deleted_count

    # -- reading -------------------------------------------------------------------------------------------------

    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> Steps[list[KnowledgeDocument]]:
        reader = yield from self._reader(info)
        found: list[KnowledgeDocument] = yield from reader.nearest(vector, limit, condition, self._candidates)
        return [one for one in found if threshold is None or (one.score or 0.0) >= threshold]

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
        reader = yield from self._reader(info)
        return (yield from reader.fetched(ids))

    def _count(self, info: CollectionInfo, condition: Filter | None) -> Steps[int]:
        reader = yield from self._reader(info)
        where, exact = reader.where(condition)
        if not exact:
            return len((yield from reader.matching(where, condition)))
        with self._guard():
            return (yield reader.documents.count_documents(where))

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> Steps[tuple[list[KnowledgeDocument], Any]]:
        reader = yield from self._reader(info)
        return (yield from reader.page(condition, size, after))

    # -- inside --------------------------------------------------------------------------------------------------

    def _reader(self, info: CollectionInfo) -> Steps[Reader]:
        """The collection in MongoDB, with its index ready."""
        place = self._places.get(info.name)
        if place is None:  # deleted by another thread
            raise collection_not_found(info.name)
        database = yield self._databases.get()
        if place.indexed and place.documents not in self._ready:
            yield from self._await_index(database, info, place)
        return Reader(self._settings, database[place.documents], info, place, self._fields, self._index)

    def _can_index(self, database: Any, info: CollectionInfo) -> Steps[bool]:
        """Whether a new collection gets a vector index."""
        if self._search_by == "exact":
            return False
        reason = self._index.why_not(info)
        if reason is not None:
            if self._search_by != "auto":
                raise InvalidInputError(reason, hint="choose search='exact'")
            return False
        if self._search_by == "cosmos":
            return True  # where the server has none, making it says so
        if self._has_search is None:
            with self._guard():
                try:
                    cursor = yield database[self._catalog].list_search_indexes()
                    yield cursor.to_list()
                    self._has_search = True
                except OperationFailure as error:
                    if not lacks_search(error):
                        raise
                    self._has_search = False
        if not self._has_search and self._search_by == "atlas":
            raise UnsupportedError(
                f"{self._settings.place} has no vector search", hint="choose search='exact', or a server that has it"
            )
        return self._has_search

    def _await_index(self, database: Any, info: CollectionInfo, place: Place) -> Steps[None]:
        """Wait until the search index of a collection can be asked; make it where there is none."""
        documents = database[place.documents]

        def ready() -> Steps[bool]:
            with self._guard():
                state = yield from self._index.state(documents, self._fields)
            if state is None:
                with self._guard(write=True):
                    yield from self._index.make(documents, info, self._fields)
                    state = yield from self._index.state(documents, self._fields)
            if state is None:
                return False
            status, queryable = state
            _logger.info("search index of collection %r: %s", info.name, status)
            if status == "FAILED":
                raise UnavailableError(f"MongoDB could not make the index of {info.name!r}", retryable=False)
            return queryable

        yield from until(
            self._pause, ready, self._ready_timeout, f"the search index of collection {info.name!r} is not ready"
        )
        self._ready.add(place.documents)

    def _check_same(self, info: CollectionInfo) -> Steps[None]:
        """Tell of a collection that is there with another dimension or distance than asked for."""
        found = yield from self._describe(info.name)
        if found is not None and (found.dimension, found.distance) != (info.dimension, info.distance):
            raise AlreadyExistsError(
                f"collection {info.name!r} exists with dimension {found.dimension} and distance {found.distance!r}, "
                f"not {info.dimension} and {info.distance!r}",
                hint="use another name, or delete it first",
            )
