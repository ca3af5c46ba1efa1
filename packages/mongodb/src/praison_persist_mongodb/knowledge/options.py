"""The options of the knowledge stores, checked and put together, in one constructor."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal, get_args

from praison_persist.errors import ConfigurationError, PersistError
from praison_persist.validation import check_dimension, check_positive
from praison_persist.vectorsteps import VectorSteps

from ..settings import Settings
from .convert import Fields, Place
from .cosmos import CosmosIndex
from .indexes import AtlasIndex, in_range

__all__ = ["MongoDBKnowledge", "Search"]

Search = Literal["auto", "atlas", "cosmos", "exact"]


class MongoDBKnowledge(VectorSteps):
    """What `MongoDBVectorKnowledgeStore` and `AsyncMongoDBVectorKnowledgeStore` are given.

    Args:
        url, database, tls, tls_ca_file, tls_certificate_key_file, pool_size, timeout, connect_timeout: as of
            `MongoDBState`.
        collection: of MongoDB, with the list of this store's collections; the names of those start with it as well.
        index_name: of each collection's search index.
        embedding_field, text_field: of a document, with its embedding and its content.
        search: ``"atlas"`` for an index of MongoDB's vector search, ``"cosmos"`` for one of Azure Cosmos DB for
            MongoDB, ``"exact"`` for comparing with each document, ``"auto"`` for the first where the server has it and
            it can do the distance and the dimension.
        num_candidates: that a search with an index looks at, up to 10,000, in Cosmos DB 1000; more is slower and finds
            more of the nearest; default 20 for each document wanted, and 200 at least.
        quantization: of new indexes: ``"none"``, ``"scalar"`` or ``"binary"``; in Cosmos DB ``"none"`` or ``"half"``.
        vector_index: of Cosmos DB, for new collections: ``"hnsw"``, the default, ``"diskann"``, or ``"ivf"``, which
            compares with all.
        max_edges, num_edge_candidates: of the graph of new indexes (``hnswOptions``; in Cosmos DB ``m`` and
            ``efConstruction``, or ``maxDegree`` and ``lBuild``).
        ready_timeout: seconds to wait for a new index.
        wait_timeout: seconds that ``wait=True`` waits until searches find what was written.
        embedding_dim: taken from PraisonAI's configurations and not used: every collection knows its dimension.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        database: str | None = None,
        collection: str = "vectors",
        index_name: str = "vector_index",
        embedding_field: str = "embedding",
        text_field: str = "content",
        search: Search = "auto",
        num_candidates: int | None = None,
        quantization: str = "none",
        vector_index: str | None = None,
        max_edges: int | None = None,
        num_edge_candidates: int | None = None,
        tls: bool | None = None,
        tls_ca_file: str | None = None,
        tls_certificate_key_file: str | None = None,
        pool_size: int = 10,
        timeout: float = 4.0,
        connect_timeout: float = 3.0,
        ready_timeout: float = 300.0,
        wait_timeout: float = 30.0,
        embedding_dim: int = 1536,
    ) -> None:
        super().__init__()
        try:
            check_dimension(embedding_dim)
            if not isinstance(collection, str) or not collection or set(collection) & {"$", "\x00"}:
                raise ConfigurationError(f"{collection!r} is no name of a collection")
            if search not in get_args(Search):
                raise ConfigurationError(f"search {search!r} is not known", hint="choose auto, atlas, cosmos or exact")
            if vector_index is not None and search != "cosmos":
                raise ConfigurationError("vector_index is for search='cosmos'")
            self._fields = Fields(text_field, embedding_field)
            if self._fields.reserved():
                raise ConfigurationError(f"text_field {text_field!r} or embedding_field {embedding_field!r} is no name")
            graph = (quantization, max_edges, num_edge_candidates)
            self._index: AtlasIndex | CosmosIndex = (
                CosmosIndex.of(index_name, vector_index or "hnsw", *graph)
                if search == "cosmos"
                else AtlasIndex.of(index_name, *graph)
            )
            if search in ("atlas", "cosmos"):
                self.distances = self._index.distances
            self._candidates = in_range(num_candidates, "num_candidates", 1, self._index.most)
            self._ready_timeout = check_positive(ready_timeout, "ready_timeout")
            self._wait_timeout = check_positive(wait_timeout, "wait_timeout")
            self._settings = Settings.of(
                url,
                database=database,
                tls=tls,
                tls_ca_file=tls_ca_file,
                tls_certificate_key_file=tls_certificate_key_file,
                pool_size=pool_size,
                timeout=timeout,
                connect_timeout=connect_timeout,
            )
        except PersistError as error:
            error.backend = self.backend
            raise
        self._catalog = collection
        self._search_by: Search = search
        self._databases = self._open(self._settings)
        self._has_search: bool | None = None  # until a collection is created
        self._places: dict[str, Place] = {}
        self._ready: set[str] = set()
        self._told: set[str] = set()
        self._recent: dict[tuple[str, str], str] = {}

    @abstractmethod
    def _open(self, settings: Settings) -> Any:
        """The way to the database, `Databases` or `AsyncDatabases`; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.place!r}, collection={self._catalog!r})"
