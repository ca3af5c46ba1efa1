"""Collections as tables of a keyspace, documents as rows. Checks are in core; clients in `engine`, CQL in `queries`."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from praison_persist.errors import AlreadyExistsError, ConfigurationError, NotFoundError, PersistError, UnsupportedError
from praison_persist.filters import Filter, matches
from praison_persist.health import library_of
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.validation import check_identifier, check_positive, is_identifier
from praison_persist.vectorstore import VectorStoreBase, already_exists

from . import convert
from .engine import Engine, Settings
from .filters import plan
from .location import PORT, Location
from .queries import Queries
from .searching import Search, matching

__all__ = ["CassandraKnowledgeStore"]


class CassandraKnowledgeStore(VectorStoreBase):
    """Documents in Apache Cassandra 5 or newer, or in Astra DB.

    Args:
        url: ``cassandra://user:password@host1,host2:9042/keyspace``; else the following.
        hosts: contact points; default ``["localhost"]``.
        keyspace: created when it is missing; read in lower case, as Cassandra does.
        username, password: for the cluster's password authentication.
        port: of all hosts.
        secure_connect_bundle: path of Astra's bundle, instead of hosts; ``username`` is then ``"token"``.
        replication: of a new keyspace: copies, or copies by data center.
        collection_prefix: starts the names of this store's tables; it sees no others.
        consistency: of reads and writes. Searches by the index are answered by one replica.
        local_datacenter: where requests go.
        ssl_context: an `ssl.SSLContext` for the connections.
        timeout: seconds for a request.
        connect_timeout: seconds for a connection.
        candidates: rows that the index is asked for at least, 1 to 1000; more is slower and more exact.
        max_scan: most rows that one search compares one by one, where the index cannot decide the filter.
        maximum_node_connections, construction_beam_width: of new indexes.

    Raises:
        ConfigurationError: wrong URL or options.
        InvalidInputError: a number out of range.
    """

    backend = "cassandra"
    max_dimension = 8192
    max_batch = 500

    def __init__(
        self,
        url: str | None = None,
        *,
        hosts: Sequence[str] | None = None,
        keyspace: str = "praisonai",
        username: str | None = None,
        password: str | None = None,
        port: int = PORT,
        secure_connect_bundle: str | os.PathLike[str] | None = None,
        replication: int | Mapping[str, int] = 1,
        collection_prefix: str = "",
        consistency: str = "LOCAL_QUORUM",
        local_datacenter: str | None = None,
        ssl_context: Any = None,
        timeout: float = 10.0,
        connect_timeout: float = 5.0,
        candidates: int = 100,
        max_scan: int = 100_000,
        maximum_node_connections: int | None = None,
        construction_beam_width: int | None = None,
    ) -> None:
        super().__init__()
        try:
            settings = Settings(
                timeout=check_positive(timeout, "timeout"),
                connect_timeout=check_positive(connect_timeout, "connect_timeout"),
                consistency=_consistency(consistency),
                local_datacenter=local_datacenter,
                replication=_replication(replication),
                ssl_context=ssl_context,
            )
            location = Location.of(url, hosts, port, keyspace, username, password, secure_connect_bundle)
            self._engine = Engine(location, settings)
            self._prefix = check_identifier(collection_prefix, "collection_prefix", empty=True, longest=128)
            self._candidates = _whole("candidates", candidates, most=1000)
            self._max_scan = _whole("max_scan", max_scan)
            given = {
                "maximum_node_connections": maximum_node_connections,
                "construction_beam_width": construction_beam_width,
            }
            self._index = {name: _whole(name, value) for name, value in given.items() if value is not None}
        except PersistError as error:
            error.backend = self.backend
            raise
        self._foreign: set[str] = set()
        self._small: set[str] = set()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._engine.location)!r}, keyspace={self._engine.location.keyspace!r})"

    def _setup(self) -> None:
        """Reach the cluster and its keyspace, which is created when it is missing."""
        self._engine.session()

    def _about(self) -> dict[str, str | None]:
        with self._engine.guard():
            row = self._engine.run("SELECT release_version FROM system.local").one()
            return {"server": f"Cassandra {row.release_version}", "driver": library_of(self._engine.session())}

    def _close(self) -> None:
        self._engine.close()

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> bool:
        full = self._prefix + info.name
        queries = Queries(convert.table_name(full), info, foreign=False)
        try:
            with self._engine.guard(write=True):
                self._engine.define(queries.create(info.dimension, convert.comment_of(full, info)))
                self._make_indexes(queries)
        except AlreadyExistsError:
            return False
        self._engine.forget()
        self._foreign.discard(info.name)
        self._small.discard(info.name)
        return True

    def _make_indexes(self, queries: Queries) -> None:
        for statement in queries.indexes(self._index):
            self._engine.define(statement)

    def _drop(self, name: str) -> bool:
        try:
            with self._engine.guard(write=True):
                self._engine.session()
                self._engine.define(f'DROP TABLE "{convert.table_name(self._prefix + name)}"')
        except NotFoundError:
            return False
        self._engine.forget()
        return True

    def _describe(self, name: str) -> CollectionInfo | None:
        table = self._table(convert.table_name(self._prefix + name))
        info = None if table is None else convert.describe(name, table)
        if table is None or info is None:
            return None
        kept = convert.from_comment(table.comment)
        (self._foreign.add if kept is None else self._foreign.discard)(name)
        queries = self._queries(info)
        if kept is not None and table.function is None and queries.indexed:
            with self._engine.guard(write=True):  # whoever created the table died before it had its index
                self._make_indexes(queries)
        return info

    def _table(self, table: str) -> convert.Table | None:
        place = {"k": self._engine.location.keyspace, "t": table}
        where = "WHERE keyspace_name = %(k)s AND table_name = %(t)s"
        with self._engine.guard():
            known = self._engine.look_up(f"SELECT comment FROM system_schema.tables {where}", place)
            types = self._engine.look_up(
                f"SELECT type FROM system_schema.columns {where} AND column_name = 'embedding'", place
            )
            if not known or not types:
                return None
            indexes = self._engine.look_up(f"SELECT options FROM system_schema.indexes {where}", place)
        functions = [one.options.get("similarity_function") for one in indexes]
        return convert.Table(known[0].comment or "", types[0].type, next(filter(None, functions), None))

    def _names(self) -> list[str]:
        place = {"k": self._engine.location.keyspace}
        query = "SELECT table_name, comment FROM system_schema.tables WHERE keyspace_name = %(k)s"
        with self._engine.guard():
            tables = self._engine.look_up(query, place)
        found: list[str] = []
        for row in tables:
            kept = convert.from_comment(row.comment or "")
            full = row.table_name if kept is None else kept["name"]
            if full.startswith(self._prefix) and is_identifier(name := full[len(self._prefix) :]):
                table = None if kept is not None else self._table(row.table_name)
                if kept is not None or (table is not None and convert.describe(name, table) is not None):
                    found.append(name)
        return found

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        queries, write = self._writable(info), uuid.uuid4().hex
        rows = [convert.to_row(document, info.distance, write) for document in sorted(documents, key=lambda d: d.id)]
        sent: list[str] = []
        try:
            with self._engine.guard(write=True):
                # One row decides between racers with the same ids before the others are written.
                for part in (rows[:1], rows[1:]):
                    sent += [row[0] for row in part]
                    answers = self._engine.run_many(queries.insert, part)
                    taken = [row[0] for row, answer in zip(part, answers, strict=True) if not _won(answer, write)]
                    if taken:
                        raise already_exists(taken)
        except PersistError as failure:
            self._take_back(queries, sent, write, failure)
            raise

    def _take_back(self, queries: Queries, ids: Sequence[str], write: str, failure: PersistError) -> None:
        """Delete what a failed insert has written; where that fails too, the first error is the one that counts."""
        try:
            with self._engine.guard(write=True):
                self._engine.run_many(queries.take_back, [[id_, write] for id_ in ids])
        except PersistError as error:
            raise failure from error

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        queries, write = self._writable(info), uuid.uuid4().hex
        with self._engine.guard(write=True):
            self._engine.run_many(
                queries.upsert, [convert.to_row(document, info.distance, write) for document in documents]
            )

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> int:
        queries, removed = self._queries(info), 0
        with self._engine.guard(write=True):
            found = set(matching(self._engine, queries, condition)) if condition is not None or ids is None else None
            chosen = list(found or ()) if ids is None else [id_ for id_ in ids if found is None or id_ in found]
            for start in range(0, len(chosen), self.max_batch):
                part = [[id_] for id_ in chosen[start : start + self.max_batch]]
                removed += sum(answer[0] for answer in self._engine.run_many(queries.delete, part))
        return removed

    # -- reading -------------------------------------------------------------------------------------------------

    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> list[KnowledgeDocument]:
        queries = self._queries(info)
        if info.distance == "cosine":
            vector = convert.direction(vector)[0]
        with self._engine.guard():
            search = Search(self._engine, queries, self._candidates, self._max_scan, small=info.name in self._small)
            hits = search.nearest(vector, limit, condition)
            scored = [(hit.row, convert.to_score(info.distance, hit.similarity)) for hit in hits]
            kept = [(row, score) for row, score in scored if threshold is None or score >= threshold]
            missing = [row.id for row, _ in kept if not hasattr(row, "content")]
            rows = {row.id: row for row in self._rows(queries, missing, whole=False)}
        found = [(rows.get(row.id) if missing else row, score) for row, score in kept]
        documents = [convert.to_document(row, score) for row, score in found if row is not None]
        if documents:
            small = all(len(document.content) <= _SMALL for document in documents)
            (self._small.add if small else self._small.discard)(info.name)
        return documents

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> list[KnowledgeDocument]:
        with self._engine.guard():
            return [convert.to_document(row) for row in self._rows(self._queries(info), ids, whole=True)]

    def _count(self, info: CollectionInfo, condition: Filter | None) -> int:
        queries, wanted = self._queries(info), plan(condition)
        with self._engine.guard():
            if wanted.exact and (condition is None or not queries.foreign):
                return self._engine.run(queries.count(wanted.terms), list(wanted.terms)).one().number
            return sum(1 for _ in matching(self._engine, queries, condition))

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> tuple[list[KnowledgeDocument], Any]:
        queries = self._queries(info)
        terms = () if queries.foreign else plan(condition).terms
        with self._engine.guard():
            rows, state = self._engine.page(queries.scan(terms, whole=True), list(terms), size, after)
        documents = [convert.to_document(row) for row in rows]
        return [one for one in documents if matches(condition, one.metadata)], state

    # -- inside --------------------------------------------------------------------------------------------------

    def _queries(self, info: CollectionInfo) -> Queries:
        return Queries(convert.table_name(self._prefix + info.name), info, foreign=info.name in self._foreign)

    def _writable(self, info: CollectionInfo) -> Queries:
        queries = self._queries(info)
        if queries.foreign:
            raise UnsupportedError(
                f"collection {info.name!r} is a table of PraisonAI, without columns for metadata",
                hint="it can be read; copy its documents into a collection created here",
            )
        return queries

    def _rows(self, queries: Queries, ids: Sequence[str], *, whole: bool) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(ids), _IN):
            part = list(ids[start : start + _IN])
            # Statements are prepared for a few lengths only; a repeated id is one row.
            part += part[-1:] * (_padded(len(part)) - len(part))
            found += self._engine.run(queries.rows(len(part), whole=whole), part)
        return found


_IN = 100
"""Ids in one statement."""
_SMALL = 2000
"""Characters of content up to which fetching it with every candidate is quicker than one more request afterwards."""
_CONSISTENCY = ("ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_QUORUM", "EACH_QUORUM", "LOCAL_ONE")


def _padded(count: int) -> int:
    return next(size for size in (1, 5, 10, 20, 50, _IN) if size >= count)


def _won(answer: Any, write: str) -> bool:
    """Whether a conditional insert was applied, now or by an attempt whose answer was a failure."""
    return bool(answer[0]) or getattr(answer, "write", None) == write


def _whole(name: str, value: Any, *, most: int | None = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or (most is not None and value > most):
        limit = "" if most is None else f" to {most}"
        raise ConfigurationError(f"{name} must be an integer from 1{limit}, got {value!r}")
    return value


def _consistency(name: Any) -> str:
    if not isinstance(name, str) or name.upper() not in _CONSISTENCY:
        raise ConfigurationError(f"consistency {name!r} is not known", hint=f"choose one of {', '.join(_CONSISTENCY)}")
    return name.upper()


def _replication(replication: Any) -> str:
    """The CQL of a new keyspace's replication."""
    if isinstance(replication, Mapping):
        parts = {_data_center(name): _whole("replication", copies) for name, copies in replication.items()}
        copies = ", ".join(f"'{name}': {number}" for name, number in parts.items())
        return f"{{'class': 'NetworkTopologyStrategy', {copies}}}"
    return f"{{'class': 'SimpleStrategy', 'replication_factor': {_whole('replication', replication)}}}"


def _data_center(name: Any) -> str:
    if not isinstance(name, str) or not name or "'" in name:
        raise ConfigurationError(f"replication names no data center with {name!r}")
    return name
