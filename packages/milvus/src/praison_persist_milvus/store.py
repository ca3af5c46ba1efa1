"""Collections and documents in Milvus, over its blocking client.

Checks are in `praison_persist.vectorsteps`, conversions in `convert` and `filters`, the client in `engine`.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from heapq import nlargest
from importlib.metadata import version
from typing import Any, TypeVar

from pymilvus.exceptions import MilvusException
from pymilvus.milvus_client import IndexParams

from praison_persist.errors import AlreadyExistsError, ConfigurationError, NotFoundError, PersistError
from praison_persist.filters import Filter, matches
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.narrowing import Narrowed
from praison_persist.overfetch import overfetch
from praison_persist.scores import Distance, score
from praison_persist.steps import Steps
from praison_persist.validation import check_identifier, check_positive, is_identifier
from praison_persist.vectorsteps import already_exists
from praison_persist.vectorstore import VectorStoreBase

from .convert import (
    DOCUMENT,
    EXACT,
    METRICS,
    describe,
    from_name,
    key_of,
    to_document,
    to_name,
    to_row,
    to_schema,
    to_score,
    write_of,
)
from .engine import Engine
from .filters import any_id, both, to_expression
from .location import Location

__all__ = ["MilvusKnowledgeStore"]

T = TypeVar("T")

_MOST = 16_384
"""Most rows in one answer of Milvus."""

_NOT_LOADED = 101  # ErrCollectionNotLoaded

_INDEXES = ("AUTOINDEX", "FLAT", "IVF_FLAT", "IVF_SQ8", "IVF_PQ", "HNSW", "SCANN", "DISKANN")
_LITE_INDEXES = ("AUTOINDEX", "FLAT", "IVF_FLAT")


class MilvusKnowledgeStore(VectorStoreBase):
    """Documents in Milvus: in a file (Milvus Lite), on a server, or in Zilliz Cloud.

    Args:
        url: ``http://``, ``https://`` or ``milvus://host:19530/db_name`` (``milvus://`` is http), or a file ``….db``.
        path: file of the embedded engine, for one process at a time.
        host, port: of a server, where neither of these is given.
        token: of the server: an API key, or ``user:password``.
        db_name: database on the server; default that of the URL, then ``default``.
        timeout: seconds for one call.
        connect_timeout: seconds for a connection.
        collection_prefix: starts the names of this store's collections in Milvus; it sees no others.
        index: of new collections, as Milvus names it: ``{"index_type": "HNSW", "M": 16, "efConstruction": 200}``. The
            embedded engine has ``FLAT`` (its default: exact), ``IVF_FLAT`` and ``AUTOINDEX`` (default of servers).
        search_params: of every search, as Milvus names them: ``{"nprobe": 64}``, ``{"ef": 200}``.

    Raises:
        ConfigurationError: wrong URL or options.
    """

    backend = "milvus"
    distances: tuple[Distance, ...] = ("cosine", "dot", "euclidean")
    max_dimension = 32_768

    def __init__(
        self,
        url: str | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        host: str = "localhost",
        port: int = 19530,
        token: str | None = None,
        db_name: str | None = None,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        collection_prefix: str = "",
        index: Mapping[str, Any] | None = None,
        search_params: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        try:
            location = Location.of(url, path, host, port, token, db_name)
            self._engine = Engine(
                location,
                check_positive(timeout, "timeout"),
                check_positive(connect_timeout, "connect_timeout"),
            )
            self._prefix = check_identifier(collection_prefix, "collection_prefix", empty=True, longest=128)
            self._index = _index_options(index, embedded=self._engine.embedded)
        except PersistError as error:
            error.backend = self.backend
            raise
        self._timeout = self._engine.timeout
        self._search_params = {"params": dict(search_params or {})}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._engine.location)!r})"

    def _setup(self) -> None:
        """Reach the server, or open the file; there is nothing to create."""
        with self._engine.guard():
            pass

    def _about(self) -> dict[str, str]:
        with self._engine.guard() as client:
            # The embedded engine does not answer the question.
            server = (
                f"Milvus Lite {version('milvus-lite')}"
                if self._engine.embedded
                else f"Milvus {client.get_server_version(timeout=self._timeout)}"
            )
        return {"server": server, "driver": f"pymilvus {version('pymilvus')}"}

    def _close(self) -> None:
        self._engine.close()

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> bool:
        """Milvus accepts a second creation with the same schema; the mark makes each one another."""
        name, mark = self._full(info.name), uuid.uuid4().hex
        options = dict(self._index)
        indexes = IndexParams()
        indexes.add_index(
            "vector", index_type=options.pop("index_type"), metric_type=METRICS[info.distance], params=options
        )
        try:
            with self._engine.guard(write=True) as client:
                if client.has_collection(name, timeout=self._timeout):
                    return False
                client.create_collection(
                    name, schema=to_schema(info, mark), consistency_level="Strong", timeout=self._timeout
                )
                if self._described(client, info.name)[1] != mark:
                    return False
                # The embedded engine has built the index when it answers; the client would wait half a second for it.
                client.create_index(name, indexes, timeout=self._timeout, sync=not self._engine.embedded)
                client.load_collection(name, timeout=self._timeout)
        except AlreadyExistsError:
            return False
        return True

    def _drop(self, name: str) -> bool:
        with self._engine.guard(write=True) as client:
            if not client.has_collection(self._full(name), timeout=self._timeout):
                return False
            client.drop_collection(self._full(name), timeout=self._timeout)
        return True

    def _describe(self, name: str) -> CollectionInfo | None:
        try:
            with self._engine.guard() as client:
                return self._described(client, name)[0]
        except NotFoundError:
            return None

    def _described(self, client: Any, name: str) -> tuple[CollectionInfo, str]:
        found = client.describe_collection(self._full(name), timeout=self._timeout)
        return describe(name, found["description"])

    def _names(self) -> list[str]:
        with self._engine.guard() as client:
            full = client.list_collections(timeout=self._timeout)
        mine = [name for native in full if (name := from_name(native)).startswith(self._prefix)]
        names = [name[len(self._prefix) :] for name in mine]
        return [name for name in names if is_identifier(name)]

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        name, write = self._full(info.name), uuid.uuid4().hex
        rows = [to_row(document, write) for document in documents]
        if not rows:
            return
        ids = {row["id"]: document.id for row, document in zip(rows, documents, strict=True)}
        with self._engine.guard(write=True) as client:
            if taken := self._rows(client, name, any_id(ids), ["id"]):
                raise already_exists([ids[row["id"]] for row in taken])
            if self._engine.embedded:
                client.insert(name, rows, timeout=self._timeout)
                return
            # Other processes may write to a server meanwhile. An upsert leaves one row for each key, and whose it is.
            client.upsert(name, rows, timeout=self._timeout)
            found = self._rows(client, name, any_id(ids), ["id", *EXACT])
            ours = [row["id"] for row in found if write_of(row) == write]
            if len(ours) < len(ids):
                if ours:
                    client.delete(name, filter=any_id(ours), timeout=self._timeout)
                raise already_exists([id_ for key, id_ in ids.items() if key not in set(ours)])

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        rows = [to_row(document, "") for document in documents]
        if rows:
            with self._engine.guard(write=True) as client:
                client.upsert(self._full(info.name), rows, timeout=self._timeout)

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> int:
        if ids is not None and not ids:
            return 0
        name, removed = self._full(info.name), 0
        among = None if ids is None else any_id(map(key_of, ids))
        with self._engine.guard(write=True) as client:
            for page in self._matching(client, name, condition, [], among):
                if page:
                    client.delete(name, filter=any_id(row["id"] for row in page), timeout=self._timeout)
                removed += len(page)
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
        name, where = self._full(info.name), self._narrowed(condition).where or ""
        seen = asked = 0
        with self._engine.guard() as client:

            def ask(size: int) -> tuple[list[KnowledgeDocument], bool]:
                nonlocal seen, asked
                options = {"search_params": self._search_params, "timeout": self._timeout}
                search = partial(client.search, name, [vector], where, size, DOCUMENT, **options)
                hits = self._loaded(client, name, search)[0]
                seen, asked = len(hits), size
                found = [
                    to_document(hit["entity"], score=to_score(info.distance, float(hit["distance"]))) for hit in hits
                ]
                return [one for one in found if matches(condition, one.metadata)], seen == size

            first = min(limit, _MOST)
            found: list[KnowledgeDocument] = yield from overfetch(ask, limit, first=first, most=_MOST)
            exhausted = seen < asked and self._index["index_type"] == "FLAT"
            if len(found) < limit and not exhausted and seen < self._counted(client, name, where):
                found = self._scanned(client, info, vector, limit, condition)
        return [one for one in found if threshold is None or (one.score or 0.0) >= threshold]

    def _scanned(
        self, client: Any, info: CollectionInfo, vector: Sequence[float], limit: int, condition: Filter | None
    ) -> list[KnowledgeDocument]:
        """The nearest of all that match, by reading them: what an index overlooks, or Milvus does not give at once."""

        def documents() -> Iterator[KnowledgeDocument]:
            for page in self._matching(client, self._full(info.name), condition, ["vector", *DOCUMENT]):
                for row in page:
                    one = to_document(row)
                    one.score, one.embedding = score(info.distance, one.embedding or (), vector), None
                    yield one

        return nlargest(limit, documents(), key=lambda one: one.score or 0.0)

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> list[KnowledgeDocument]:
        if not ids:
            return []
        with self._engine.guard() as client:
            rows = self._rows(client, self._full(info.name), any_id(map(key_of, ids)), ["vector", *DOCUMENT])
        return [to_document(row) for row in rows]

    def _count(self, info: CollectionInfo, condition: Filter | None) -> int:
        name, narrowed = self._full(info.name), self._narrowed(condition)
        with self._engine.guard() as client:
            if narrowed.exact:
                return self._counted(client, name, narrowed.where or "")
            return sum(map(len, self._matching(client, name, condition, [])))

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> tuple[list[KnowledgeDocument], Any]:
        where = both(f'id > "{after or ""}"', self._narrowed(condition).where)
        size = min(size, self.max_batch)
        with self._engine.guard() as client:
            rows = self._rows(client, self._full(info.name), where, ["id", "vector", *DOCUMENT], size)
        documents = [one for row in rows if matches(condition, (one := to_document(row)).metadata)]
        return documents, rows[-1]["id"] if len(rows) == size else None

    # -- inside --------------------------------------------------------------------------------------------------

    def _full(self, name: str) -> str:
        """The name of a collection in Milvus."""
        return to_name(self._prefix + name)

    def _narrowed(self, condition: Filter | None) -> Narrowed[str]:
        return to_expression(condition, embedded=self._engine.embedded)

    def _matching(
        self, client: Any, name: str, condition: Filter | None, fields: list[str], among: str | None = None
    ) -> Iterator[list[dict[str, Any]]]:
        """The rows of all documents that match, page by page in the order of their keys."""
        narrowed = self._narrowed(condition)
        wanted = ["id", *fields]
        if not narrowed.exact and "exact" not in fields:
            wanted += EXACT
        last = ""
        while True:
            rows = self._rows(client, name, both(f'id > "{last}"', among, narrowed.where), wanted, self.max_batch)
            yield [row for row in rows if narrowed.exact or matches(condition, to_document(row).metadata)]
            if len(rows) < self.max_batch:
                return
            last = rows[-1]["id"]

    def _rows(
        self, client: Any, name: str, where: str, fields: list[str], limit: int | None = None
    ) -> list[dict[str, Any]]:
        query = partial(client.query, name, where, fields, timeout=self._timeout, limit=limit or self.max_batch)
        return list(self._loaded(client, name, query))

    def _counted(self, client: Any, name: str, where: str) -> int:
        query = partial(client.query, name, where, ["count(*)"], timeout=self._timeout)
        return int(self._loaded(client, name, query)[0]["count(*)"])

    def _loaded(self, client: Any, name: str, read: Callable[[], T]) -> T:
        """What a read gives, also from a collection that was released, or is not loaded since the server began."""
        try:
            return read()
        except MilvusException as error:
            if error.code != _NOT_LOADED:
                raise
        client.load_collection(name, timeout=self._timeout)
        return read()


def _index_options(index: Mapping[str, Any] | None, *, embedded: bool) -> dict[str, Any]:
    options = dict(index or {"index_type": "FLAT" if embedded else "AUTOINDEX"})
    known = _LITE_INDEXES if embedded else _INDEXES
    if options.get("index_type") not in known:
        raise ConfigurationError(
            f"index_type {options.get('index_type')!r} is not known" + (" to the embedded engine" if embedded else ""),
            hint=f"choose one of {', '.join(known)}",
        )
    return options
