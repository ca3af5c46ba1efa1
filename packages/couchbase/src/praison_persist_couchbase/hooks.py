"""Collections and documents in one collection of Couchbase: the hooks of both stores, for either client.

Checks are in `praison_persist.vectorsteps`, conversions in `convert` and `filters`, statements in `reading`.
"""

from __future__ import annotations

import json
import secrets
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Any

from praison_persist.asking import ask
from praison_persist.errors import AlreadyExistsError, PersistError
from praison_persist.filters import Filter, matches
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.retry import RetryPolicy
from praison_persist.steps import Steps
from praison_persist.validation import check_bool, check_dimension, check_identifier, check_positive
from praison_persist.vectorsteps import VectorSteps, already_exists, collection_not_found

from . import convert
from .keyspace import prepare
from .location import Durability, Fields, Location, Remote
from .reading import Part, counted, dropped, matching, nearest, partly

__all__ = ["CouchbaseHooks"]

_PAGE = 256


class CouchbaseHooks(VectorSteps):
    """What `CouchbaseKnowledgeStore` and `AsyncCouchbaseKnowledgeStore` are given, and how they use Couchbase.

    All collections of a store are parts of one collection of Couchbase, told apart by what starts their keys.

    Args:
        url: ``couchbase://user:password@host/bucket/scope/collection``, or ``couchbases://`` with TLS; any parameters
            of the client's connection strings. Default ``couchbase://localhost``.
        connection_string: another name for ``url``.
        username, password: default those of the URL, then ``Administrator`` and none.
        bucket_name: default that of the URL, then ``praisonai``; it must be there.
        scope_name, collection_name: default those of the URL, then ``_default`` and ``vectors``.
        index_name: of the primary index, if that has to be made.
        vector_field, text_field: of a document in Couchbase: its embedding and its content.
        embedding_dim: of PraisonAI's configurations; not used, every collection knows its dimension.
        collection_prefix: starts the names of this store's collections; it sees no others.
        auto_create: make scope, collection and index where they are missing.
        durability: what a write waits for: ``none``, ``majority``, ``majority_and_persist_to_active`` or
            ``persist_to_majority``.
        timeout: seconds for an operation or a query with its repetitions.
        connect_timeout: seconds until the cluster must have been reached.
        ready_timeout: seconds until a new collection and its index must be ready.
        max_retries, retry_delay: repetitions of what failed or was throttled; seconds of the longest first pause.

    Raises:
        ConfigurationError: a wrong URL or wrong options.
    """

    max_batch = 500

    def __init__(
        self,
        url: str | None = None,
        *,
        connection_string: str | None = None,
        username: str | None = None,
        password: str | None = None,
        bucket_name: str | None = None,
        scope_name: str | None = None,
        collection_name: str | None = None,
        index_name: str = "vector_index",
        vector_field: str = "embedding",
        text_field: str = "content",
        embedding_dim: int = 1536,
        collection_prefix: str = "",
        auto_create: bool = True,
        durability: Durability = "none",
        timeout: float = 10.0,
        connect_timeout: float = 3.0,
        ready_timeout: float = 60.0,
        max_retries: int = 3,
        retry_delay: float = 0.2,
    ) -> None:
        super().__init__()
        try:
            location = Location.of(
                url,
                connection_string,
                username=username,
                password=password,
                bucket_name=bucket_name,
                scope_name=scope_name,
                collection_name=collection_name,
            )
            check_dimension(embedding_dim)
            policy = RetryPolicy(max_retries, retry_delay)
            self._fields = Fields(text_field, vector_field)
            self._index_name = check_identifier(index_name, "index_name")
            self._prefix = check_identifier(collection_prefix, "collection_prefix", empty=True, longest=100)
            self._create_missing = check_bool(auto_create, "auto_create")
            remote = Remote(
                timeout=check_positive(timeout, "timeout"),
                connect_timeout=check_positive(connect_timeout, "connect_timeout"),
                ready_timeout=check_positive(ready_timeout, "ready_timeout"),
                max_retries=policy.max_retries,
                retry_delay=policy.retry_delay,
                durability=durability,
            )
            self._engine: Any = self._open_engine(location, remote)
        except PersistError as error:
            error.backend = self.backend
            raise
        self._location = location
        self._prepared = False
        self._parts: dict[str, str] = {}  # by collection: what starts the keys of its documents

    @abstractmethod
    def _open_engine(self, location: Location, remote: Remote) -> Any:
        """The way to the cluster, an `Engine` or `AsyncEngine`; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._location)!r})"

    def _about(self) -> dict[str, str | None]:
        return {"server": "Couchbase", "driver": f"couchbase {metadata.version('couchbase')}"}

    def _setup(self) -> Steps[None]:
        yield from prepare(self._engine, self._index_name, create=True)
        self._prepared = True

    def _close(self) -> Steps[None]:
        yield self._engine.close()

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> Steps[bool]:
        yield from self._ready()
        key, part = self._entry_key(info.name), secrets.token_hex(8)
        try:
            yield from self._inserted({key: convert.entry_of(info, part)}, [info.name])
        except AlreadyExistsError:
            return False
        return True

    def _drop(self, name: str) -> Steps[bool]:
        entry = yield from self._entry(name)
        if entry is None:
            return False
        body, cas = entry
        key = self._entry_key(name)
        if not (yield from self._deleted({key: cas})):
            return False  # another one deleted it just now
        self._parts.pop(name, None)
        yield from dropped(self._part(convert.part_of(body)), None)
        return True

    def _describe(self, name: str) -> Steps[CollectionInfo | None]:
        entry = yield from self._entry(name)
        if entry is None:
            self._parts.pop(name, None)
            return None
        self._parts[name] = convert.part_of(entry[0])
        return convert.described(name, entry[0])

    def _names(self) -> Steps[list[str]]:
        yield from self._ready()
        start = self._entry_key("")
        statement = f"SELECT RAW META(d).id FROM {self._location.keyspace} AS d WHERE META(d).id LIKE $pattern"
        named = {"pattern": convert.ENTRIES + "%"}
        keys: list[str] = yield from ask(self._engine, lambda: self._engine.query(statement, named))
        return [key[len(start) :] for key in keys if key.startswith(start) and len(key) > len(start)]

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        yield from self._inserted(self._bodies(info, documents), [document.id for document in documents])

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        done: dict[str, int] = {}
        with partly(done):
            yield from self._changed(self._engine.upsert, self._bodies(info, documents), done)

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> Steps[int]:
        part = yield from self._part_of(info)
        if ids is None:
            count: int | None = yield from dropped(part, condition)
            return (yield from self._removed_one_by_one(info, part, condition)) if count is None else count
        cas_of = {convert.to_key(part.name, id_): 0 for id_ in ids}
        if condition is not None:
            found = yield from ask(self._engine, lambda: self._engine.get(cas_of))
            cas_of = {
                key: cas
                for key, (body, cas) in found.items()
                if matches(condition, convert.to_document(key, body, self._fields).metadata)
            }
        return (yield from self._deleted(cas_of))

    # -- reading -------------------------------------------------------------------------------------------------

    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> Steps[list[KnowledgeDocument]]:
        part = yield from self._part_of(info)
        found: list[KnowledgeDocument] = yield from nearest(part, info, vector, limit, condition)
        if not found:
            yield from self._check_there(info, part)
        return [one for one in found if threshold is None or (one.score or 0.0) >= threshold]

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
        part = yield from self._part_of(info)
        keys = [convert.to_key(part.name, id_) for id_ in ids]
        found = yield from ask(self._engine, lambda: self._engine.get(keys))
        if not found:
            yield from self._check_there(info, part)
        return [convert.to_document(key, body, self._fields) for key, (body, _) in found.items()]

    def _count(self, info: CollectionInfo, condition: Filter | None) -> Steps[int]:
        part = yield from self._part_of(info)
        count: int | None = yield from counted(part, condition)
        after: str | None = None
        while count is None or after is not None:
            page, after = yield from matching(part, condition, _PAGE, after)
            count = (count or 0) + len(page)
        if not count:
            yield from self._check_there(info, part)
        return count

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> Steps[tuple[list[KnowledgeDocument], Any]]:
        part = yield from self._part_of(info)
        page, following = yield from matching(part, condition, size, after)
        if not page and after is None:
            yield from self._check_there(info, part)
        return page, following

    # -- inside --------------------------------------------------------------------------------------------------

    def _ready(self) -> Steps[None]:
        """Make sure of Couchbase's collection, once."""
        if not self._prepared:
            yield from prepare(self._engine, self._index_name, create=self._create_missing)
            self._prepared = True

    def _entry_key(self, name: str) -> str:
        return convert.entry_key(self._prefix + name)

    def _entry(self, name: str) -> Steps[tuple[convert.Body, int] | None]:
        """The entry of a collection and its CAS; None where there is none."""
        yield from self._ready()
        key = self._entry_key(name)
        found: dict[str, tuple[convert.Body, int]] = yield from ask(self._engine, lambda: self._engine.get([key]))
        return found.get(key)

    def _part(self, name: str) -> Part:
        return Part(self._engine, self._fields, name)

    def _part_of(self, info: CollectionInfo) -> Steps[Part]:
        """The collection's documents."""
        yield from self._ready()
        name = self._parts.get(info.name)
        if name is None:  # deleted by another thread
            raise collection_not_found(info.name)
        return self._part(name)

    def _check_there(self, info: CollectionInfo, part: Part) -> Steps[None]:
        """Tell an empty collection from one that was deleted."""
        entry = yield from self._entry(info.name)
        if entry is None or convert.part_of(entry[0]) != part.name:
            raise collection_not_found(info.name)

    def _bodies(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> dict[str, bytes]:
        """Bodies by key, of one write."""
        name = self._parts.get(info.name)
        if name is None:
            raise collection_not_found(info.name)
        write = secrets.token_hex(8)
        return dict(convert.to_body(name, document, self._fields, write) for document in documents)

    def _inserted(self, bodies: dict[str, bytes], names: Sequence[str]) -> Steps[None]:
        """Write bodies that are not there yet, all or none; ``names`` of what they are, for the error.

        The first key goes alone: of several that insert the same documents one gets it, and goes on.
        """
        done: dict[str, int] = {}
        keys = sorted(bodies)
        try:
            for some in (keys[:1], keys[1:]):
                left = {key: bodies[key] for key in some}
                taken = yield from self._changed(self._engine.insert, left, done, once=True)
                if taken:
                    name_of = dict(zip(bodies, names, strict=True))
                    raise already_exists([name_of[key] for key in taken])
        except PersistError as failure:
            yield from self._take_back(bodies, done, failure)
            raise

    def _take_back(self, bodies: Mapping[str, bytes], done: Mapping[str, int], failure: PersistError) -> Steps[None]:
        """Delete what a failed insert has written; where that fails too, the first error is the one that counts."""
        ours = dict(done)
        try:
            if failure.ambiguous:
                found = yield from ask(self._engine, lambda: self._engine.get(bodies))
                ours |= {key: cas for key, (body, cas) in found.items() if body == json.loads(bodies[key])}
            yield from self._changed(self._engine.remove, ours, {})
        except PersistError as exc:
            failure.ambiguous = True
            raise failure from exc

    def _deleted(self, cas_of: dict[str, int]) -> Steps[int]:
        """Delete documents by key, each with its CAS (0 for any); how many there were."""
        done: dict[str, int] = {}
        with partly(done):
            yield from self._changed(self._engine.remove, cas_of, done, once=True)
        return len(done)

    def _removed_one_by_one(self, info: CollectionInfo, part: Part, condition: Filter | None) -> Steps[int]:
        """Delete what matches, decided here; how many."""
        counts: list[int] = []
        after: str | None = None
        with partly(counts):
            while True:
                page, after = yield from matching(part, condition, _PAGE, after)
                if page:
                    counts.append((yield from self._remove(info, [one.id for one in page], condition)))
                if after is None:
                    return sum(counts)

    def _changed(
        self,
        change: Callable[[dict[str, Any]], Any],
        left: dict[str, Any],
        done: dict[str, int],
        *,
        once: bool = False,
    ) -> Steps[list[str]]:
        """Write or delete documents until none is left.

        Args:
            change: a method of the engine that gives `Changed`.
            left: its argument, of which is taken away what is settled.
            done: is told what is changed.
            once: nothing is repeated of which one is not known whether it happened.

        Returns:
            The keys that existed, or of a removal did not.
        """
        unfit: list[str] = []

        def attempt() -> Steps[None]:
            outcome = yield change(left)
            done.update(outcome.done)
            unfit.extend(outcome.unfit)
            for key in (*outcome.done, *outcome.unfit):
                del left[key]
            if outcome.failures:
                raise max(outcome.failures, key=lambda failure: failure.ambiguous)

        if left:
            yield from ask(self._engine, attempt, write=True, once=once)
        return unfit
