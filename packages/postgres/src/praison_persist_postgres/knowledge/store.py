"""The pgvector knowledge store: a collection is a table, a document a row.

The engine's part only: checks are in `praison_persist.vectorstore`, DDL in `collections`, conversions in `convert`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import psycopg
from psycopg import sql

from praison_persist.errors import AlreadyExistsError, ConfigurationError, InvalidInputError, PersistError
from praison_persist.filters import Filter
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.retry import RetryPolicy
from praison_persist.scores import DISTANCES, from_distance
from praison_persist.validation import check_bool, check_limit
from praison_persist.vectorstore import VectorStoreBase, already_exists

from ..driver import PsycopgDriver
from ..settings import Pooler, Settings
from . import statements as st
from .convert import PackedArray, PackedVector, to_columns, to_document, unpack
from .session import Connection, Session
from .tables import OPERATORS, Collections, Found, Index, IndexMethod

__all__ = ["PGVectorKnowledgeStore"]

# pgvector adds up squares in float32; the cosine of longer or shorter vectors would be NaN or 0.
_EF_SEARCH = 200  # with 40, which is pgvector's own, filtered searches found 9 of the 10 nearest of real embeddings
_SHORTEST, _LONGEST = 1e-15, 1e18

_NO_EXTENSION = "the extension vector is missing in this database: CREATE EXTENSION vector (setup() does it)"
_NO_PGVECTOR = "pgvector is not installed on the server: install its package for this PostgreSQL, see pgvector's README"


class PGVectorKnowledgeStore(VectorStoreBase):
    """Documents in PostgreSQL 13 or newer with pgvector; PraisonAI's tables open as they are.

    Args:
        url: ``postgresql://user:password@host:port/database`` (or ``pgvector://``); replaces the next five options.
        host, port, database, user, password: the server, where no URL is given.
        schema: schema of the tables; created where it is missing and is not ``public``.
        auto_create_extension: run ``CREATE EXTENSION IF NOT EXISTS vector`` before the first collection is created.
        pool_size: most connections; callers wait for a free one.
        timeout: seconds to wait for a free connection.
        connect_timeout: seconds to wait for a new connection (at least 30 on serverless hosts).
        command_timeout, pooler: see `PostgresStore`.
        index: approximate index of new collections, ``"hnsw"`` or ``"ivfflat"``; without one every search is exact.
            An index that somebody made on a collection is used as well. Filtered searches scan on until they have
            ``limit`` documents, and fall back to an exact search.
        m, ef_construction: of a new hnsw index.
        lists: of a new ivfflat index.
        ef_search: candidates that a search with hnsw looks at; at least ``limit``.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.

    Under cosine a vector's length must be between 1e-15 and 1e18.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    backend = "pgvector"
    distances = DISTANCES
    max_dimension = 16000
    max_batch = 1000

    def __init__(
        self,
        url: str | None = None,
        *,
        host: str = "localhost",
        port: int = 5432,
        database: str = "praisonai",
        user: str = "postgres",
        password: str = "",
        schema: str = "public",
        auto_create_extension: bool = True,
        pool_size: int = 5,
        timeout: float = 30.0,
        connect_timeout: float = 10.0,
        command_timeout: float | None = None,
        pooler: Pooler = "auto",
        index: IndexMethod | None = None,
        m: int | None = None,
        ef_construction: int | None = None,
        lists: int | None = None,
        ef_search: int | None = None,
        max_retries: int = 3,
        retry_delay: float = 0.5,
    ) -> None:
        super().__init__()
        try:
            settings = Settings.of(
                url,
                host=host,
                port=port,
                database=database,
                user=user,
                password=password,
                schema=schema,
                pool_size=pool_size,
                timeout=timeout,
                connect_timeout=connect_timeout,
                command_timeout=command_timeout,
                pooler=pooler,
            )
            retry = RetryPolicy(max_retries=max_retries, retry_delay=retry_delay)
            self._index = _index(index, {"m": m, "ef_construction": ef_construction}, {"lists": lists})
            self._ef_search = check_limit(ef_search, "ef_search") or _EF_SEARCH
            create_extension = check_bool(auto_create_extension, "auto_create_extension")
        except PersistError as error:
            error.backend = self.backend
            raise
        self._settings = settings
        self._session = Session(PsycopgDriver(settings), retry)
        self._collections = Collections(schema, create_extension=create_extension)
        self._found: dict[str, Found] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.place!r})"

    def _setup(self) -> None:
        self._session.write(self._collections.prepare)

    def _about(self) -> dict[str, Any]:
        row: Any = self._session.read(lambda connection: connection.execute(st.ABOUT).fetchone())
        server, installed, available = row
        warnings = () if installed else (_NO_EXTENSION if available else _NO_PGVECTOR,)
        return {
            **self._settings.about(),
            "server": server.partition(" on ")[0] + (f", pgvector {installed}" if installed else ""),
            "driver": f"psycopg {psycopg.__version__}",
            "warnings": warnings,
        }

    def _close(self) -> None:
        self._session.close()

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> bool:
        if self._index is not None:
            self._index.check(info)
        return self._session.write(
            lambda connection: self._collections.create(connection, info, self._index), repeatable=False
        )

    def _drop(self, name: str) -> bool:
        return self._session.write(lambda connection: self._collections.drop(connection, name), repeatable=False)

    def _describe(self, name: str) -> CollectionInfo | None:
        found = self._session.read(lambda connection: self._collections.describe(connection, name))
        if found is None:
            return None
        self._found[name] = found
        return found.info

    def _names(self) -> list[str]:
        return self._session.read(self._collections.names)

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        columns = self._columns(info, documents)
        ids = [document.id for document in documents]
        statement = st.fill(st.INSERT, table=self._collections.table(info.name))

        def work(connection: Connection) -> None:
            if connection.execute(statement, columns).rowcount < len(ids):
                raise already_exists(ids)  # rolls back

        try:
            self._session.write(work, collection=info.name, repeatable=False)
        except AlreadyExistsError as error:
            taken = st.fill(st.TAKEN, table=self._collections.table(info.name))
            found = self._session.read(
                lambda connection: {row[0] for row in connection.execute(taken, (ids,))}, collection=info.name
            )
            raise already_exists([id_ for id_ in ids if id_ in found] or ids) from error

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        columns = self._columns(info, documents)
        statement = st.fill(st.UPSERT, table=self._collections.table(info.name))
        self._session.write(lambda connection: connection.execute(statement, columns), collection=info.name)

    def _columns(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> list[PackedArray]:
        """In the order of ids, so that two writers of the same ids wait for each other and never in a circle."""
        if info.distance == "cosine":
            _check_lengths(documents)
        in_order = sorted(documents, key=lambda document: document.id)
        return to_columns(in_order, self._found[info.name].vector_type)

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> int:
        clause, params = st.where(condition, ids)
        statement = st.fill(st.DELETE, table=self._collections.table(info.name), where=clause)
        return self._session.write(
            lambda connection: connection.execute(statement, params).rowcount, collection=info.name, repeatable=False
        )

    # -- reading -------------------------------------------------------------------------------------------------

    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> list[KnowledgeDocument]:
        clause, params = st.where(condition)
        statement = st.fill(
            st.SEARCH,
            table=self._collections.table(info.name),
            operator=OPERATORS[info.distance],
            where=clause,
            limit=limit,
        )
        values = [PackedVector(_direction(vector) if info.distance == "cosine" else vector), *params]
        method = self._found[info.name].method
        if method is None:
            rows = self._session.read(
                lambda connection: connection.execute(statement, values).fetchall(), collection=info.name
            )
        else:
            rows = self._session.write(
                lambda connection: self._with_index(connection, method, statement, values, limit), collection=info.name
            )
        documents: list[KnowledgeDocument] = []
        for row in rows:
            distance = row[5]
            if distance is None or math.isnan(distance):  # a row of another program, with no vector or a zero one
                continue
            score = from_distance(info.distance, distance)
            if threshold is None or score >= threshold:
                documents.append(to_document(row, score=score))
        return documents

    def _with_index(
        self, connection: Connection, method: IndexMethod, statement: sql.SQL, values: list[Any], limit: int
    ) -> list[Any]:
        """Search with the index, which scans on until it has ``limit`` rows, or gives up: then without it."""
        if method == "hnsw":
            connection.execute(st.SCAN_HNSW, (str(min(1000, max(self._ef_search, limit))),))
        else:
            connection.execute(st.SCAN_IVFFLAT)
        rows = connection.execute(statement, values).fetchall()
        if len(rows) < limit:
            connection.execute(st.WITHOUT_INDEX)
            rows = connection.execute(statement, values).fetchall()
        return sorted(rows, key=lambda row: math.inf if row[5] is None else row[5])

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> list[KnowledgeDocument]:
        return self._whole(info, *st.where(None, ids))

    def _count(self, info: CollectionInfo, condition: Filter | None) -> int:
        clause, params = st.where(condition)
        statement = st.fill(st.COUNT, table=self._collections.table(info.name), where=clause)
        row = self._session.read(
            lambda connection: connection.execute(statement, params).fetchone(), collection=info.name
        )
        return cast("tuple[int]", row)[0]

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: str | None
    ) -> tuple[list[KnowledgeDocument], str | None]:
        page = self._whole(info, *st.where(condition, after=after), st.PAGE.format(limit=size))
        return page, page[-1].id if len(page) == size else None

    def _whole(self, info: CollectionInfo, clause: str, params: list[Any], order: str = "") -> list[KnowledgeDocument]:
        """Documents with embeddings."""
        statement = st.fill(st.WHOLE, table=self._collections.table(info.name), where=clause, order=order)
        rows = self._session.read(
            lambda connection: connection.execute(statement, params, binary=True).fetchall(), collection=info.name
        )
        return [to_document(row, embedding=None if row[5] is None else unpack(row[5])) for row in rows]


def _check_lengths(documents: Sequence[KnowledgeDocument]) -> None:
    for document in documents:
        length = math.hypot(*document.embedding or ())
        if not _SHORTEST <= length <= _LONGEST:
            raise InvalidInputError(
                f"document {document.id!r}: a vector of length {length:g} is beyond pgvector's cosine",
                hint="normalize the embedding",
            )


def _direction(vector: Sequence[float]) -> Sequence[float]:
    """A query whose cosine pgvector can compute: brought to length 1, which changes no cosine, where it could not."""
    length = math.hypot(*vector)
    return vector if _SHORTEST <= length <= _LONGEST else [number / length for number in vector]


def _index(method: object, hnsw: dict[str, int | None], ivfflat: dict[str, int | None]) -> Index | None:
    if method not in ("hnsw", "ivfflat", None):
        raise ConfigurationError(f"index must be 'hnsw', 'ivfflat' or None, not {method!r}")
    own, other = (hnsw, ivfflat) if method == "hnsw" else (ivfflat, hnsw)
    foreign = {**other, **({} if method else own)}
    for name, value in {**own, **other}.items():
        if value is not None and (name in foreign or not check_limit(value, name)):
            raise ConfigurationError(f"{name}={value!r} does not fit index={method!r}")
    if method is None:
        return None
    given = {name: value for name, value in own.items() if value is not None}
    return Index(cast(IndexMethod, method), given)
