"""Collections as LanceDB's tables, documents as their rows: the hooks of both stores.

Checks are in `praison_persist.vectorsteps`, conversions in `convert` and `filters`, the connection in `engine`, what is
done with a table in `tables`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from praison_persist.errors import PersistError
from praison_persist.filters import Filter
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument, SearchMode
from praison_persist.scores import Distance
from praison_persist.steps import Answer, Steps
from praison_persist.validation import check_identifier, check_positive, is_identifier
from praison_persist.vectorsteps import VectorSteps

from .engine import AsyncEngine, Settings
from .location import location_of
from .options import Tuning, index_config
from .tables import Tables

__all__ = ["LanceDBHooks"]


class LanceDBHooks(VectorSteps):
    """What `LanceDBKnowledgeStore` and `AsyncLanceDBKnowledgeStore` are given, and how they use LanceDB.

    Args:
        url: a directory, ``memory://``, ``lancedb:///absolute/path``, or what LanceDB takes: ``s3://``, ``gs://``,
            ``az://``, ``db://`` (LanceDB Cloud).
        path, uri: the same under PraisonAI's names; default ``./lancedb``.
        api_key: of LanceDB Cloud; default ``LANCEDB_API_KEY``.
        region, host_override: of LanceDB Cloud.
        storage_options: of an object store, as LanceDB names them.
        timeout: seconds for one call of LanceDB.
        collection_prefix: starts the names of this store's tables; it sees no others.
        index: the vector index that `optimize` builds, as LanceDB names it: ``{"type": "IvfPq", "num_partitions": 64}``
            (``IvfFlat``, ``IvfSq``, ``IvfPq``, ``IvfRq``, ``HnswPq``, ``HnswSq``). Without one every search is exact.
        nprobes, refine_factor, ef: of a search with an index; more is slower and more exact.
        optimize_every: writes of this store to a table, after which small files are joined; 0 for never.

    Raises:
        ConfigurationError: wrong place or options.
    """

    distances: tuple[Distance, ...] = ("cosine", "dot", "euclidean")
    search_modes: tuple[SearchMode, ...] = ("vector", "keyword", "hybrid")
    _engine_class: ClassVar[type[AsyncEngine]] = AsyncEngine

    def __init__(
        self,
        url: str | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        uri: str | None = None,
        api_key: str | None = None,
        region: str | None = None,
        host_override: str | None = None,
        storage_options: Mapping[str, str] | None = None,
        timeout: float = 60.0,
        collection_prefix: str = "",
        index: Mapping[str, Any] | None = None,
        nprobes: int | None = None,
        refine_factor: int | None = None,
        ef: int | None = None,
        optimize_every: int = 100,
    ) -> None:
        super().__init__()
        options: dict[str, Any] = {"api_key": api_key, "region": region, "host_override": host_override}
        options["storage_options"] = None if storage_options is None else dict(storage_options)
        try:
            self._index = None if index is None else dict(index)
            index_config(self._index, "cosine")
            settings = Settings(
                location_of(url, path, uri),
                check_positive(timeout, "timeout"),
                {name: value for name, value in options.items() if value is not None},
            )
            tuning = Tuning.of(nprobes=nprobes, refine_factor=refine_factor, ef=ef, optimize_every=optimize_every)
            self._prefix = check_identifier(collection_prefix, "collection_prefix", empty=True, longest=128)
        except PersistError as error:
            error.backend = self.backend
            raise
        self._engine = self._engine_class(settings)
        self._tables = Tables(self._engine, tuning)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._engine.settings.uri!r})"

    def _setup(self) -> Answer[None]:
        return self._engine.run(self._tables.reach())

    def _about(self) -> dict[str, str]:
        from importlib.metadata import version

        return {"server": "embedded LanceDB", "driver": f"lancedb {version('lancedb')}"}

    def _close(self) -> Answer[None]:
        return self._engine.run(self._engine.disconnect())

    def _create(self, info: CollectionInfo) -> Answer[bool]:
        return self._engine.run(self._tables.create(self._full(info), info), write=True)

    def _drop(self, name: str) -> Answer[bool]:
        return self._engine.run(self._tables.drop(self._prefix + name), write=True)

    def _describe(self, name: str) -> Answer[CollectionInfo | None]:
        return self._engine.run(self._tables.describe(self._prefix + name, name))

    def _names(self) -> Steps[list[str]]:
        found: list[str] = yield self._engine.run(self._tables.names())
        mine = [name for name in found if name.startswith(self._prefix)]
        return [name for full in mine if is_identifier(name := full[len(self._prefix) :])]

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Answer[None]:
        return self._engine.run(self._tables.insert(self._full(info), documents), write=True)

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Answer[None]:
        return self._engine.run(self._tables.upsert(self._full(info), documents), write=True)

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> Answer[int]:
        return self._engine.run(self._tables.remove(self._full(info), ids, condition), write=True)

    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> Steps[list[KnowledgeDocument]]:
        found: list[KnowledgeDocument] = yield self._engine.run(
            self._tables.search(self._full(info), info.distance, vector, None, limit, condition)
        )
        return [document for document in found if threshold is None or (document.score or 0.0) >= threshold]

    def _search_text(
        self,
        info: CollectionInfo,
        text: str,
        vector: Sequence[float] | None,
        limit: int,
        condition: Filter | None,
    ) -> Answer[list[KnowledgeDocument]]:
        return self._engine.run(self._tables.search(self._full(info), info.distance, vector, text, limit, condition))

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> Answer[list[KnowledgeDocument]]:
        return self._engine.run(self._tables.fetch(self._full(info), ids))

    def _count(self, info: CollectionInfo, condition: Filter | None) -> Answer[int]:
        return self._engine.run(self._tables.count(self._full(info), condition))

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> Answer[tuple[list[KnowledgeDocument], Any]]:
        return self._engine.run(self._tables.page(self._full(info), condition, min(size, self.max_batch), after))

    def _optimize_steps(self, collection: str) -> Steps[None]:
        with self._operation("optimize", collection):
            info: CollectionInfo = yield from self._info(collection)
            config = index_config(self._index, info.distance)
            yield self._engine.run(self._tables.optimize(self._full(info), config), write=True)

    def _full(self, info: CollectionInfo) -> str:
        """The name of a collection's table."""
        return self._prefix + info.name
