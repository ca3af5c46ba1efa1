"""The SurrealDB knowledge store: collections are tables, documents their records; every search is exact.

The engine's part only: checks are in `praison_persist.vectorstore`, conversions in `convert` and `filters`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from surrealdb import RecordID

from praison_persist.errors import AlreadyExistsError, ConfigurationError, NotFoundError, PersistError
from praison_persist.filters import Filter
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import DISTANCES
from praison_persist.validation import check_dimension, is_identifier
from praison_persist.vectorstore import VectorStoreBase, already_exists, collection_not_found

from ..engine import define_database
from ..errors import ThrownError
from ..location import AuthLevel
from ..options import open_engine
from . import convert
from .filters import to_surrealql

__all__ = ["SurrealDBVectorKnowledgeStore"]

_COLLECTIONS = "praison-persist:collections"
"""The table that describes the collections; no collection can be called so."""


class SurrealDBVectorKnowledgeStore(VectorStoreBase):
    """Documents in SurrealDB 2.3 or newer, on a server or inside this process.

    Args:
        url: as of `SurrealDBConversationStore`.
        namespace, database: where the URL names none; all tables with vectors in there are collections.
        username, password, token, auth_level: as of `SurrealDBConversationStore`.
        pool_size, timeout, connect_timeout: as of `SurrealDBConversationStore`.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.
        embedding_dim: taken from PraisonAI's configurations and not used: every collection knows its dimension.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    backend = "surrealdb_vector"
    distances = DISTANCES
    max_batch = 500

    def __init__(
        self,
        url: str | None = None,
        *,
        namespace: str = "praisonai",
        database: str = "vectors",
        username: str | None = None,
        password: str | None = None,
        token: str | None = None,
        auth_level: AuthLevel = "root",
        pool_size: int = 5,
        timeout: float = 30.0,
        connect_timeout: float = 10.0,
        max_retries: int = 3,
        retry_delay: float = 0.5,
        embedding_dim: int = 1536,
    ) -> None:
        super().__init__()
        try:
            check_dimension(embedding_dim)
            self._engine = open_engine(
                url,
                self._prepare,
                namespace=namespace,
                database=database,
                username=username,
                password=password,
                token=token,
                auth_level=auth_level,
                pool_size=pool_size,
                timeout=timeout,
                connect_timeout=connect_timeout,
                max_retries=max_retries,
                retry_delay=retry_delay,
            )
        except PersistError as error:
            error.backend = self.backend
            raise
        self._foreign: set[str] = set()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._engine.location)!r})"

    def _setup(self) -> None:
        self._engine.setup(again=True)

    def _prepare(self, run: Callable[..., Any]) -> None:
        define_database(run, self._engine.location)
        run(f"DEFINE TABLE IF NOT EXISTS `{_COLLECTIONS}` SCHEMALESS", {}, write=True)

    def _close(self) -> None:
        self._engine.close()

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> bool:
        if self._describe(info.name) is not None:
            return False
        try:
            self._engine.query(
                f"""BEGIN;
                    CREATE $collection CONTENT $row RETURN NONE;
                    DEFINE TABLE IF NOT EXISTS `{info.name}` SCHEMALESS;
                    COMMIT;""",
                {"collection": _collection(info.name), "row": convert.to_collection(info)},
                write=True,
                idempotent=False,
            )
        except AlreadyExistsError:
            return False
        return True

    def _drop(self, name: str) -> bool:
        if self._describe(name) is None:
            return False
        self._engine.query(
            f"BEGIN; DELETE $collection RETURN NONE; REMOVE TABLE IF EXISTS `{name}`; COMMIT;",
            {"collection": _collection(name)},
            write=True,
        )
        return True

    def _describe(self, name: str) -> CollectionInfo | None:
        self._foreign.discard(name)
        found = self._engine.query("SELECT * FROM $collection", {"collection": _collection(name)})
        if found:
            return convert.from_collection(name, found[0])
        dimension = self._dimension(name)
        if dimension is None:
            return None
        self._foreign.add(name)
        return CollectionInfo(name, dimension, "cosine")  # the only distance that PraisonAI knows here

    def _dimension(self, table: str) -> int | None:
        """The dimension of a table that this package did not make; None where there is none, or no vectors in it."""
        try:
            found = self._engine.query(
                f"SELECT VALUE array::len(embedding) FROM `{table}` WHERE embedding != NONE LIMIT 1",
                {},
            )
        except ConfigurationError:  # SurrealDB 3 says that there is no such table
            return None
        return found[0] if found and found[0] else None

    def _names(self) -> list[str]:
        ours = self._engine.query(f"SELECT VALUE record::id(id) FROM `{_COLLECTIONS}`", {})
        tables = self._engine.query("INFO FOR DB", {})["tables"]
        others = [
            name for name in tables if name not in ours and is_identifier(name) and self._dimension(name) is not None
        ]
        return [*ours, *others]

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        rows = [convert.to_row(info.name, document) for document in documents]
        try:
            self._write(info, f"INSERT INTO `{info.name}` $rows RETURN NONE", rows, idempotent=False)
        except AlreadyExistsError:
            ids = [document.id for document in documents]
            found = [document.id for document in self._fetch(info, ids)]
            raise already_exists(found or ids) from None

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        rows = [convert.to_row(info.name, document) for document in documents]
        self._write(info, "FOR $row IN $rows { UPSERT $row.id CONTENT $row RETURN NONE }", rows, idempotent=True)

    def _write(self, info: CollectionInfo, statement: str, rows: list[dict[str, Any]], *, idempotent: bool) -> None:
        """Write into a collection that is still what it was; an engine would make the table of one that is gone."""
        if info.name not in self._foreign:
            statement = f"""{{
                LET $known = (SELECT VALUE [dimension, distance] FROM $collection)[0];
                IF $known != [$dimension, $distance] {{ THROW 'praison-persist: no such collection' }};
                {statement};
            }}"""
        try:
            self._engine.query(
                statement,
                {
                    "rows": rows,
                    "collection": _collection(info.name),
                    "dimension": info.dimension,
                    "distance": info.distance,
                },
                write=True,
                idempotent=idempotent,
            )
        except ThrownError:
            raise collection_not_found(info.name) from None

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> int:
        where, variables = to_surrealql(condition)
        source = f"`{info.name}`" if ids is None else "$ids"
        return self._read(
            info,
            f"{{ LET $gone = (DELETE {source} WHERE {where} RETURN BEFORE); RETURN array::len($gone); }}",
            {"ids": self._records(info, ids or ()), **variables},
            write=True,
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
        where, variables = to_surrealql(condition)
        if info.name in self._foreign:
            where = f"array::len(embedding ?? []) = $dimension AND {where}"
        measure, order = convert.MEASURES[info.distance]
        found = self._read(
            info,
            f"SELECT *, {measure}(embedding, $vector) AS measured OMIT embedding FROM `{info.name}`"
            f" WHERE {where} ORDER BY measured {order} LIMIT $limit",
            {"vector": list(vector), "dimension": info.dimension, "limit": min(limit, 2**31 - 1), **variables},
        )
        documents = [convert.to_document(row, convert.to_score(info.distance, row["measured"])) for row in found]
        return [document for document in documents if threshold is None or (document.score or 0.0) >= threshold]

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> list[KnowledgeDocument]:
        found = self._read(info, "SELECT * FROM $ids", {"ids": self._records(info, ids)})
        return [convert.to_document(row) for row in found]

    def _count(self, info: CollectionInfo, condition: Filter | None) -> int:
        where, variables = to_surrealql(condition)
        found = self._read(info, f"SELECT count() FROM `{info.name}` WHERE {where} GROUP ALL", variables)
        return found[0]["count"] if found else 0

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Iterator[RecordID] | None
    ) -> tuple[list[KnowledgeDocument], Iterator[RecordID] | None]:
        # All ids at once, then the documents: the engine has no cursors, and finds a position only by counting.
        if after is None:
            where, variables = to_surrealql(condition)
            after = iter(self._read(info, f"SELECT VALUE id FROM `{info.name}` WHERE {where}", variables))
        ids = list(islice(after, size))
        rows = self._read(info, "SELECT * FROM $ids", {"ids": ids})
        return [convert.to_document(row) for row in rows], after if len(ids) == size else None

    # -- inside --------------------------------------------------------------------------------------------------

    def _read(self, info: CollectionInfo, text: str, variables: dict[str, Any], *, write: bool = False) -> Any:
        """A query of a table; that there is none is said by SurrealDB 3 only, by 2 it is empty."""
        try:
            return self._engine.query(text, variables, write=write)
        except ConfigurationError as error:
            raise NotFoundError(f"collection {info.name!r} does not exist") from error

    def _records(self, info: CollectionInfo, ids: Sequence[str]) -> list[RecordID]:
        """The records of documents; where PraisonAI wrote, a number as an id became one."""
        found: list[Any] = list(ids)
        if info.name in self._foreign:
            found += [int(id_) for id_ in ids if id_.isascii() and id_.isdigit() and str(int(id_)) == id_]
        return [RecordID(info.name, id_) for id_ in found]


def _collection(name: str) -> RecordID:
    return RecordID(_COLLECTIONS, name)
