"""What is done with tables: merges, deletions, queries. Coroutines over LanceDB's asynchronous API."""

from __future__ import annotations

import contextlib
import sys
import uuid
from collections.abc import Sequence
from typing import Any

from lancedb.index import FTS

from praison_persist.errors import AlreadyExistsError, NotFoundError, UnavailableError
from praison_persist.filters import Filter, matches
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.overfetch import overfetch
from praison_persist.scores import Distance
from praison_persist.steps import afinish
from praison_persist.vectorsteps import already_exists

from .convert import DISTANCES, describe, is_native, schema_of, to_document, to_rows, to_score
from .engine import AsyncEngine
from .errors import translated
from .filters import ids_in, quoted, to_sql
from .location import MEMORY
from .options import Tuning

__all__ = ["Tables"]

_creating: set[tuple[str, str, int]] = set()

_SCORES = ("_relevance_score", "_score")


class Tables:
    """The tables of one database.

    Args:
        engine: the way to it.
        tuning: options of searches.
    """

    def __init__(self, engine: AsyncEngine, tuning: Tuning) -> None:
        self._engine = engine
        self._tuning = tuning
        self._schemas: dict[str, Any] = {}
        self._writes: dict[str, int] = {}

    async def reach(self) -> None:
        """Connect."""
        await self._engine.connection()

    async def create(self, table: str, info: CollectionInfo) -> bool:
        """False where there is one.

        Of two that create a table at once LanceDB lets the second replace the first: inside this process only one
        tries, and the schema that is there in the end says whose table it is.
        """
        connection = await self._engine.connection()
        key = (self._engine.settings.uri, table, id(connection) if self._engine.settings.uri == MEMORY else 0)
        if key in _creating:
            return False
        _creating.add(key)
        self._forget(table)
        schema = schema_of(info, uuid.uuid4().hex)
        try:
            with translated(self._engine.settings.uri, write=True):
                if table in await self.names():
                    return False
                await connection.create_table(table, schema=schema)
                return (await self._schema(table)).metadata == schema.metadata
        except AlreadyExistsError:
            return False
        finally:
            _creating.discard(key)
            self._forget(table)

    async def drop(self, table: str) -> bool:
        """False where there is none."""
        connection = await self._engine.connection()
        self._forget(table)
        if table not in await self.names():
            return False
        await connection.drop_table(table)
        return True

    async def describe(self, table: str, name: str) -> CollectionInfo | None:
        """What a table's schema tells; None where there is no table."""
        self._forget(table)
        try:
            with translated(self._engine.settings.uri, write=False):
                schema = await self._schema(table)
        except NotFoundError:
            return None
        return describe(name, schema)

    async def names(self) -> list[str]:
        """All tables."""
        connection = await self._engine.connection()
        names: list[str] = []
        token: str | None = None
        while True:
            page = await connection.list_tables(limit=1000, page_token=token)
            names += page.tables
            token = page.page_token
            if not token:
                return names

    # -- writing -------------------------------------------------------------------------------------------------

    async def insert(self, table: str, documents: Sequence[KnowledgeDocument]) -> None:
        """Merge without updating, then see how many were new: the primary key decides between racing writers."""
        handle = await self._engine.table(table)
        ids = [document.id for document in documents]
        write = uuid.uuid4().hex
        rows = to_rows(documents, await self._schema(table), write)
        if len(ids) > 1 or not await self._native(table):
            await self._refuse(handle, ids)
        result = await handle.merge_insert("id").when_not_matched_insert_all().execute(rows)
        if result.num_inserted_rows < len(ids):
            if await self._native(table):
                await handle.delete(f"write = {quoted(write)}")
            await self._refuse(handle, ids)
            raise already_exists(ids)
        await self._written(table, handle)

    async def _refuse(self, handle: Any, ids: Sequence[str]) -> None:
        found = await handle.query().where(ids_in(ids)).select(["id"]).to_list()
        if found:
            raise already_exists([row["id"] for row in found])

    async def upsert(self, table: str, documents: Sequence[KnowledgeDocument]) -> None:
        """Replace whole rows."""
        handle = await self._engine.table(table)
        rows = to_rows(documents, await self._schema(table), uuid.uuid4().hex)
        merge = handle.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
        await merge.execute(rows)
        await self._written(table, handle)

    async def remove(self, table: str, ids: Sequence[str] | None, condition: Filter | None) -> int:
        """How many there were."""
        handle = await self._engine.table(table)
        narrowed = to_sql(condition, native=await self._native(table))
        parts = [narrowed.where] if narrowed.where else []
        if ids is not None:
            if not ids:
                return 0
            parts.append(ids_in(ids))
        where = " AND ".join(parts) or "true"
        if narrowed.exact:
            return (await handle.delete(where)).num_deleted_rows
        matching = await self._matching(table, where, condition)
        removed = 0
        for start in range(0, len(matching), 1000):
            removed += (await handle.delete(ids_in(matching[start : start + 1000]))).num_deleted_rows
        return removed

    async def optimize(self, table: str, index: Any) -> None:
        """Join small files, take new rows into the indexes, and build the vector index that is wanted."""
        handle = await self._engine.table(table)
        if index is not None and "vector" not in [
            column for one in await handle.list_indices() for column in one.columns
        ]:
            await handle.create_index("vector", config=index)
        await handle.optimize()

    async def _written(self, table: str, handle: Any) -> None:
        count = self._writes[table] = self._writes.get(table, 0) + 1
        every = self._tuning.optimize_every
        if every and count % every == 0:
            # Whoever writes at the same moment wins; the next time will do.
            with contextlib.suppress(UnavailableError), translated(self._engine.settings.uri, write=False):
                await handle.optimize()

    # -- reading -------------------------------------------------------------------------------------------------

    async def search(
        self,
        table: str,
        distance: Distance,
        vector: Sequence[float] | None,
        text: str | None,
        limit: int,
        condition: Filter | None,
    ) -> list[KnowledgeDocument]:
        """The best matching documents by vector, by text, or by both."""
        handle = await self._engine.table(table)
        narrowed = to_sql(condition, native=await self._native(table))
        columns = await self._columns(table)
        if text is not None:
            await self._index_text(handle)

        async def ask(size: int, *, exactly: bool = False) -> tuple[list[KnowledgeDocument], bool]:
            query = handle.query()
            if vector is not None:
                query = self._nearest(query, vector, distance, exactly)
            if text is not None:
                query = query.nearest_to_text(text, columns=["content"])
            if narrowed.where is not None:
                query = query.where(narrowed.where)
            if text is None or vector is None:
                query = query.select([*columns, "_distance" if text is None else "_score"])
            rows = await query.limit(size).to_list()
            found = [to_document(row, score=_score(row, distance, text)) for row in rows]
            return [document for document in found if matches(condition, document.metadata)], len(rows) == size

        found = await afinish(overfetch(ask, limit, first=limit, most=sys.maxsize))
        if len(found) < limit and vector is not None and text is None and await self._has_index(handle):
            # The index looks at a part of the rows only.
            found = await afinish(overfetch(lambda size: ask(size, exactly=True), limit, first=limit, most=sys.maxsize))
        return found

    def _nearest(self, query: Any, vector: Sequence[float], distance: Distance, exactly: bool) -> Any:
        query = query.nearest_to(list(vector)).column("vector").distance_type(DISTANCES[distance])
        if exactly:
            return query.bypass_vector_index()
        tuning = self._tuning
        for name in ("nprobes", "refine_factor", "ef"):
            if (value := getattr(tuning, name)) is not None:
                query = getattr(query, name)(value)
        return query

    async def fetch(self, table: str, ids: Sequence[str]) -> list[KnowledgeDocument]:
        """The documents that exist, whole."""
        if not ids:
            return []
        handle = await self._engine.table(table)
        columns = [*(await self._columns(table)), "vector"]
        return [to_document(row) for row in await handle.query().where(ids_in(ids)).select(columns).to_list()]

    async def count(self, table: str, condition: Filter | None) -> int:
        """How many documents match."""
        handle = await self._engine.table(table)
        narrowed = to_sql(condition, native=await self._native(table))
        if narrowed.exact:
            return await handle.count_rows(narrowed.where)
        return len(await self._matching(table, narrowed.where or "true", condition))

    async def page(
        self, table: str, condition: Filter | None, size: int, after: Any
    ) -> tuple[list[KnowledgeDocument], Any]:
        """The ids are read at the beginning: an offset would shift with every deletion."""
        if after is None:
            narrowed = to_sql(condition, native=await self._native(table))
            after = await self._matching(table, narrowed.where or "true", condition)
        found = await self.fetch(table, after[:size])
        return [document for document in found if matches(condition, document.metadata)], after[size:] or None

    # -- inside --------------------------------------------------------------------------------------------------

    async def _native(self, table: str) -> bool:
        """Whether this package made the table."""
        return is_native(await self._schema(table))

    async def _schema(self, table: str) -> Any:
        found = self._schemas.get(table)
        if found is None:
            found = self._schemas[table] = await (await self._engine.table(table)).schema()
        return found

    def _forget(self, table: str) -> None:
        self._engine.forget(table)
        self._schemas.pop(table, None)

    async def _columns(self, table: str) -> list[str]:
        plain = ["id", "content", "content_hash", "created_at"]
        return [*plain, "metadata"] if await self._native(table) else plain

    async def _matching(self, table: str, where: str, condition: Filter | None) -> list[str]:
        """The ids of the documents that match."""
        columns = [name for name in await self._columns(table) if name != "content"]
        handle = await self._engine.table(table)
        rows = await handle.query().where(where).select(columns).to_list()
        documents = (to_document({**row, "content": ""}) for row in rows)
        return [document.id for document in documents if matches(condition, document.metadata)]

    async def _has_index(self, handle: Any) -> bool:
        return any("vector" in one.columns for one in await handle.list_indices())

    async def _index_text(self, handle: Any) -> None:
        """Search by words needs an index, which finds rows that came later as well."""
        if not any("content" in one.columns for one in await handle.list_indices()):
            await handle.create_index("content", config=FTS())


def _score(row: dict[str, Any], distance: Distance, text: str | None) -> float:
    if text is None:
        return to_score(distance, row["_distance"])
    return float(next(row[name] for name in _SCORES if row.get(name) is not None))
