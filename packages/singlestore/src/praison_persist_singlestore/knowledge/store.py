"""The SingleStore knowledge store: a collection is a table, a document a row; every search is exact.

The engine's part only: checks are in `praison_persist.vectorstore`, DDL in `collections`, statements in `rows`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

import singlestoredb

from praison_persist.errors import AlreadyExistsError, MigrationError, PersistError
from praison_persist.filters import Filter
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.overfetch import overfetch
from praison_persist.retry import RetryPolicy
from praison_persist.sql import SINGLESTORE, Dialect
from praison_persist.sql.attempts import Attempts
from praison_persist.sql.operation import Operation, Statement, Steps, operation
from praison_persist.steps import Steps as HookSteps
from praison_persist.validation import check_dimension, check_identifier
from praison_persist.vectorstore import VectorStoreBase, already_exists, collection_not_found

from ..driver import SingleStoreDriver
from ..settings import Settings
from . import convert, rows
from .collections import LAYOUT, Collections

__all__ = ["SingleStoreVectorKnowledgeStore"]

T = TypeVar("T")


class SingleStoreVectorKnowledgeStore(VectorStoreBase):
    """Documents in SingleStore 8 or newer.

    Args:
        url: as of `SingleStoreConversationStore`; replaces the next five options.
        host, port, database, user, password: the server, where no URL is given.
        table_prefix: start of the table names, at most 40 characters; the store sees no other tables.
        pool_size: most connections of the store.
        timeout: seconds to wait for a free connection.
        connect_timeout: seconds to wait for a new connection (at least 30 on SingleStore's own cloud).
        command_timeout: seconds to wait for the answer to a statement; None waits without end.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.
        embedding_dim: taken from PraisonAI's configurations and not used: every collection knows its dimension.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    backend = "singlestore_vector"
    max_batch = 1000
    dialect: ClassVar[Dialect] = SINGLESTORE
    layout: ClassVar[str] = LAYOUT

    def __init__(
        self,
        url: str | None = None,
        *,
        host: str = "localhost",
        port: int = 3306,
        database: str = "praisonai",
        user: str = "root",
        password: str = "",
        table_prefix: str = "praisonai_",
        pool_size: int = 5,
        timeout: float = 30.0,
        connect_timeout: float = 10.0,
        command_timeout: float | None = 60.0,
        max_retries: int = 3,
        retry_delay: float = 0.5,
        embedding_dim: int = 1536,
    ) -> None:
        super().__init__()
        try:
            check_dimension(embedding_dim)
            self._settings = Settings.of(
                url,
                host=host,
                port=port,
                database=database,
                user=user,
                password=password,
                pool_size=pool_size,
                timeout=timeout,
                connect_timeout=connect_timeout,
                command_timeout=command_timeout,
            )
            self._collections = Collections(
                check_identifier(table_prefix, "table_prefix", empty=True, longest=40), self.layout
            )
            retry = RetryPolicy(max_retries=max_retries, retry_delay=retry_delay)
        except PersistError as error:
            error.backend = self.backend
            raise
        self._attempts = Attempts(self.backend, SingleStoreDriver(self._settings, self.dialect), retry)
        self._tables: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.place!r})"

    def _setup(self) -> None:
        self._run(self._collections.setup())

    def _about(self) -> dict[str, Any]:
        server = self._run(_version(self.dialect))
        return {"server": server, "driver": f"singlestoredb {singlestoredb.__version__}"}

    def _close(self) -> None:
        self._attempts.close()

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> bool:
        return self._run(self._collections.create(info))

    def _drop(self, name: str) -> bool:
        self._tables.pop(name, None)
        return self._run(self._collections.drop(name))

    def _describe(self, name: str) -> CollectionInfo | None:
        self._tables.pop(name, None)
        found = self._run(self._collections.describe(name))
        if found is None:
            return None
        info, self._tables[name] = found
        return info

    def _names(self) -> list[str]:
        return self._run(self._collections.names())

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        table, ids = self._table(info), [document.id for document in documents]
        try:
            self._run(rows.insert(table, [convert.to_row(document) for document in documents]), info)
        except AlreadyExistsError as error:
            found = set(self._run(rows.taken(table, ids), info))
            raise already_exists([id_ for id_ in ids if id_ in found] or ids) from error

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        given = [convert.to_row(document) for document in documents]
        self._run(rows.upsert(self._table(info), given), info)

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> int:
        return self._run(rows.remove(self._table(info), ids, condition), info)

    # -- reading -------------------------------------------------------------------------------------------------

    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> HookSteps[list[KnowledgeDocument]]:
        table, query = self._table(info), convert.to_query(info.distance, vector)

        def ask(size: int) -> tuple[list[rows.Row], bool]:
            matching, found = self._run(rows.nearest(table, info.distance, query, size, condition), info)
            return matching, found == size

        nearest: list[rows.Row] = yield from overfetch(ask, limit, first=limit, most=2**31)
        scored = [(row, convert.to_score(info.distance, row[-1])) for row in nearest]
        return [
            convert.to_document(row, score=score) for row, score in scored if threshold is None or score >= threshold
        ]

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> list[KnowledgeDocument]:
        found = self._run(rows.fetch(self._table(info), ids), info)
        return [convert.to_document(row, whole=True) for row in found]

    def _count(self, info: CollectionInfo, condition: Filter | None) -> int:
        return self._run(rows.count(self._table(info), condition), info)

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: bytes | None
    ) -> tuple[list[KnowledgeDocument], bytes | None]:
        found, after = self._run(rows.page(self._table(info), condition, size, after), info)
        return [convert.to_document(row, whole=True) for row in found], after

    # -- inside --------------------------------------------------------------------------------------------------

    def _table(self, info: CollectionInfo) -> str:
        table = self._tables.get(info.name)
        if table is None:  # dropped by this store in another thread
            raise collection_not_found(info.name)
        return table

    def _run(self, work: Operation[T], info: CollectionInfo | None = None) -> T:
        """The value of an operation, on the table of this collection if it is one of documents."""
        try:
            return self._attempts.attempt(work)
        except MigrationError as error:
            if info is None:
                raise
            raise collection_not_found(info.name) from error  # there is no such table
        except PersistError as error:
            error.operation = None  # what the caller called is known outside
            raise


@operation()
def _version(dialect: Dialect) -> Steps[str]:
    return (yield Statement(dialect.server_version)).rows[0][0]
