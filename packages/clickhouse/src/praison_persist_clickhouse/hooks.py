"""Collections as ClickHouse's tables, documents as rows: the hooks of both stores, for either client.

Checks are in `praison_persist.vectorsteps`, statements in `schema`, conversions in `convert` and `filters`, racing
inserts in `claims`, clients in `engine`.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from praison_persist.errors import AlreadyExistsError, NotFoundError, PersistError, UnsupportedError
from praison_persist.filters import Filter
from praison_persist.health import library_of
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import DISTANCES
from praison_persist.steps import Steps
from praison_persist.validation import check_bool, check_identifier, check_positive
from praison_persist.vectorsteps import VectorSteps, collection_not_found

from . import convert, schema
from .binary import uint64, write
from .claims import TABLE, claim, epochs
from .filters import to_sql
from .location import Location, Remote
from .schema import Table, VectorIndex

__all__ = ["ClickHouseHooks"]

_EXACT = {"use_skip_indexes": 0}


class ClickHouseHooks(VectorSteps):
    """What `ClickHouseKnowledgeStore` and `AsyncClickHouseKnowledgeStore` are given, and how they use ClickHouse.

    Args:
        url: ``clickhouse://user:password@host:8123/database``, ``http(s)://...``, or ``":memory:"`` for chDB.
        host, port: of the server's HTTP interface, where no URL is given; the port is 8123, or 8443 if secure.
        username, password: of the server.
        database: holds the collections; it is created with the first of them.
        secure: HTTPS.
        path: directory of chDB (one process at a time, and one path for each process), or ``":memory:"``.
        timeout: seconds for a statement.
        connect_timeout: seconds for a connection.
        table_prefix: starts the names of this store's tables; it sees no others.
        index: an approximate index for new collections, and how it is searched: True, or `VectorIndex`, or its fields
            as a mapping. Without it every search is exact.
        settings: of ClickHouse, for every statement.

    Raises:
        ConfigurationError: wrong URL or options.
    """

    distances = DISTANCES
    max_batch = 1000

    def __init__(
        self,
        url: str | None = None,
        *,
        host: str = "localhost",
        port: int | None = None,
        username: str = "default",
        password: str = "",
        database: str = "praisonai",
        secure: bool = False,
        path: str | os.PathLike[str] | None = None,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        table_prefix: str = "",
        index: Mapping[str, Any] | VectorIndex | bool = False,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        try:
            location = Location.of(
                url,
                path,
                host=host,
                port=port,
                username=username,
                password=password,
                database=database,
                secure=check_bool(secure, "secure"),
            )
            self._database = check_identifier(location.database, "database")
            self._prefix = check_identifier(table_prefix, "table_prefix", empty=True, longest=128)
            self._index = VectorIndex.of(index)
            remote = Remote(
                timeout=check_positive(timeout, "timeout"),
                connect_timeout=check_positive(connect_timeout, "connect_timeout"),
                settings=dict(settings or {}),
            )
            self._engine: Any = self._open_engine(location, remote)
        except PersistError as error:
            error.backend = self.backend
            raise
        self._tables: dict[str, Table] = {}

    @abstractmethod
    def _open_engine(self, location: Location, remote: Remote) -> Any:
        """The way to ClickHouse, an `Engine` or `AsyncEngine`; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._engine.location)!r})"

    def _setup(self) -> Steps[None]:
        """Create the database and the table of claims."""
        with self._engine.guard():
            client = yield self._engine.client()
            known = yield client.query(
                "SELECT count() FROM system.databases WHERE name = {name:String}", parameters={"name": self._database}
            )
            if not known.result_rows[0][0]:  # asking is allowed to more users than creating
                yield client.command(f"CREATE DATABASE IF NOT EXISTS `{self._database}`")
            if not self._engine.embedded:
                yield client.command(schema.create_claims(self._quoted(TABLE)))

    def _about(self) -> Steps[dict[str, str | None]]:
        with self._engine.guard():
            client = yield self._engine.client()
            version = (yield client.query("SELECT version()")).result_rows[0][0]
            return {
                "server": f"{'chDB' if self._engine.embedded else 'ClickHouse'} {version}",
                "driver": library_of(client),
            }

    def _close(self) -> Steps[None]:
        yield self._engine.close()

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> Steps[bool]:
        yield from self._setup()
        try:
            with self._engine.guard(write=True):
                client = yield self._engine.client()
                yield client.command(schema.create_table(self._quoted(self._prefix + info.name), info, self._index))
        except AlreadyExistsError:
            return False
        return True

    def _drop(self, name: str) -> Steps[bool]:
        self._tables.pop(name, None)
        try:
            with self._engine.guard(write=True):
                client = yield self._engine.client()
                yield client.command(f"DROP TABLE {self._quoted(self._prefix + name)} SYNC")
        except NotFoundError:
            return False
        return True

    def _describe(self, name: str) -> Steps[CollectionInfo | None]:
        self._tables.pop(name, None)
        with self._engine.guard():
            client = yield self._engine.client()
            found = yield client.query(
                "SELECT comment, uuid, engine FROM system.tables "
                "WHERE database = {database:String} AND name = {name:String}",
                parameters={"database": self._database, "name": self._prefix + name},
            )
        if not found.result_rows:
            return None
        comment, identity, engine = found.result_rows[0]
        info = schema.info_of(name, comment)
        if info is None:
            raise UnsupportedError(
                f"table {self._prefix + name!r} is no collection of this package",
                hint="choose another database or table_prefix",
            )
        ordered = not engine.startswith(("Replicated", "Shared"))
        self._tables[name] = Table(self._database, self._prefix + name, str(identity), ordered)
        return info

    def _names(self) -> Steps[list[str]]:
        with self._engine.guard():
            client = yield self._engine.client()
            found = yield client.query(
                "SELECT name, comment FROM system.tables "
                "WHERE database = {database:String} AND startsWith(name, {prefix:String})",
                parameters={"database": self._database, "prefix": self._prefix},
            )
        return [name[len(self._prefix) :] for name, comment in found.result_rows if schema.info_of(name, comment)]

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        columns = convert.to_columns(documents, info.distance)
        ids = [document.id for document in documents]
        with self._engine.guard(write=True, alone=True):
            client = yield self._engine.client()
            table = self._table(info)
            if self._engine.embedded:  # nobody else writes in between
                found: dict[str, int] = yield from epochs(client, table, ids)
            else:
                found = yield from claim(self._engine, client, table, self._quoted(TABLE), ids)
            columns["version"] = uint64([found.get(id_, 0) + 1 for id_ in ids])
            yield write(client, table.name, columns, len(ids))

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        columns = convert.to_columns(documents, info.distance)
        with self._engine.guard(write=True):
            client = yield self._engine.client()
            yield write(client, self._table(info).name, columns, len(documents))

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> Steps[int]:
        where, parameters = self._where(condition)
        if ids is not None:
            where.append("id IN {ids:Array(String)}")
            parameters["ids"] = list(ids)
        with self._engine.guard(write=True, alone=True):
            client = yield self._engine.client()
            count: int = yield from self._counted(client, info, where, parameters)
            if count:
                yield client.command(schema.tombstones(self._table(info).name, where), parameters=parameters)
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
        where, parameters = self._where(condition)
        parameters["query"] = list(convert.direction(vector)[0] if info.distance == "cosine" else vector)
        order = "DESC" if info.distance == "dot" else "ASC"
        measure = f"{schema.FUNCTIONS[info.distance]}(vector, {{query:Array(Float32)}})"
        with self._engine.guard():
            client = yield self._engine.client()
            statement = (
                f"SELECT {convert.READ}, {measure} AS measure FROM {self._table(info).name} FINAL"
                f"{schema.conditions(where)} ORDER BY measure {order} LIMIT {limit}"
            )
            settings = _EXACT if self._index is None else self._index.search_settings()
            found = yield client.query(statement, parameters=parameters, settings=settings)
            if len(found.result_rows) < limit and self._index is not None:
                found = yield client.query(statement, parameters=parameters, settings=_EXACT)
        documents = [
            convert.to_document(row, score=convert.to_score(info.distance, row[-1])) for row in found.result_rows
        ]
        return [document for document in documents if threshold is None or (document.score or 0.0) >= threshold]

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
        return (yield from self._read(info, ["id IN {ids:Array(String)}"], {"ids": list(ids)}, ""))

    def _count(self, info: CollectionInfo, condition: Filter | None) -> Steps[int]:
        where, parameters = self._where(condition)
        with self._engine.guard():
            client = yield self._engine.client()
            return (yield from self._counted(client, info, where, parameters))

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> Steps[tuple[list[KnowledgeDocument], Any]]:
        where, parameters = self._where(condition)
        if after is not None:
            where.append("id > {after:String}")
            parameters["after"] = after
        page: list[KnowledgeDocument] = yield from self._read(info, where, parameters, f" ORDER BY id LIMIT {size}")
        return page, page[-1].id if len(page) == size else None

    # -- inside --------------------------------------------------------------------------------------------------

    def _quoted(self, table: str) -> str:
        return f"`{self._database}`.`{table}`"

    def _table(self, info: CollectionInfo) -> Table:
        table = self._tables.get(info.name)
        if table is None:  # dropped by this store in another thread
            raise collection_not_found(info.name)
        return table

    def _where(self, condition: Filter | None) -> tuple[list[str], dict[str, Any]]:
        parameters: dict[str, Any] = {}
        return [] if condition is None else [to_sql(condition, parameters)], parameters

    def _counted(self, client: Any, info: CollectionInfo, where: list[str], parameters: dict[str, Any]) -> Steps[int]:
        found = yield client.query(
            f"SELECT count() FROM {self._table(info).name} FINAL{schema.conditions(where)}", parameters=parameters
        )
        return found.result_rows[0][0]

    def _read(
        self, info: CollectionInfo, where: list[str], parameters: dict[str, Any], rest: str
    ) -> Steps[list[KnowledgeDocument]]:
        with self._engine.guard():
            client = yield self._engine.client()
            found = yield client.query(
                f"SELECT {convert.READ_WHOLE} FROM {self._table(info).name} FINAL{schema.conditions(where)}{rest}",
                parameters=parameters,
            )
        return [convert.to_document(row, whole=True) for row in found.result_rows]
