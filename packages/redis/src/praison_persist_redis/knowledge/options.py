"""The options of the knowledge stores, in one constructor, and which indexes they mean."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, get_args

from praison_persist.command_vectors import CommandVectors, FlatIndex, QueryIndex, choose_indexes
from praison_persist.command_vectors.query import Algorithm
from praison_persist.errors import ConfigurationError
from praison_persist.retry import RetryPolicy
from praison_persist.validation import check_limit

from ..options import RedisStore
from ..settings import Settings
from .vectorset import Quantization, VectorSetIndex

__all__ = ["RedisKnowledge"]


class RedisKnowledge(RedisStore, CommandVectors):
    """What `RedisVectorKnowledgeStore` and `AsyncRedisVectorKnowledgeStore` are given.

    Args:
        url, host, port, db, username, password, sentinel_password, ssl, ssl_ca_certs, ssl_ca_path, ssl_certfile,
            ssl_keyfile, ssl_cert_reqs, ssl_check_hostname, protocol, pool_size, timeout, connect_timeout, max_retries,
            retry_delay: as of `RedisStore`.
        prefix: what the name of every key starts with; no braces.
        index: of new collections, one or several with commas, the best first; the first that the server has and that
            can do the distance is used. ``"query"`` is the query engine's, ``"vectorset"`` a vector set of Redis 8 (for
            cosine), ``"flat"`` none: the store compares with each document. Without it ``"query,vectorset"``, on a
            cluster ``"vectorset"``, since indexes of the query engine were not tried there.
        algorithm: of the query engine's index, ``"HNSW"`` or ``"FLAT"``.
        m, ef_construction: of new HNSW graphs.
        ef_runtime: candidates that a search looks at; more is slower and finds more of the nearest.
        quantization: of new vector sets, ``"NOQUANT"``, ``"Q8"`` or ``"BIN"``.
        flat_limit: documents that a search without index may look at; beyond it is refused.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        host: str = "localhost",
        port: int = 6379,
        db: int = 0,
        username: str | None = None,
        password: str | None = None,
        prefix: str = "praison:vec:",
        index: str | Sequence[str] | None = None,
        algorithm: Algorithm = "HNSW",
        m: int = 16,
        ef_construction: int = 200,
        ef_runtime: int = 200,
        quantization: Quantization = "NOQUANT",
        flat_limit: int = 10_000,
        sentinel_password: str | None = None,
        ssl: bool = False,
        ssl_ca_certs: str | None = None,
        ssl_ca_path: str | None = None,
        ssl_certfile: str | None = None,
        ssl_keyfile: str | None = None,
        ssl_cert_reqs: str | None = None,
        ssl_check_hostname: bool | None = None,
        protocol: int = 3,
        pool_size: int = 10,
        timeout: float = 10.0,
        connect_timeout: float = 5.0,
        max_retries: int = 3,
        retry_delay: float = 0.1,
    ) -> None:
        self._index_options = index, algorithm, m, ef_construction, ef_runtime, quantization, flat_limit
        super().__init__(
            url,
            host=host,
            port=port,
            db=db,
            username=username,
            password=password,
            prefix=prefix,
            sentinel_password=sentinel_password,
            ssl=ssl,
            ssl_ca_certs=ssl_ca_certs,
            ssl_ca_path=ssl_ca_path,
            ssl_certfile=ssl_certfile,
            ssl_keyfile=ssl_keyfile,
            ssl_cert_reqs=ssl_cert_reqs,
            ssl_check_hostname=ssl_check_hostname,
            protocol=protocol,
            pool_size=pool_size,
            timeout=timeout,
            connect_timeout=connect_timeout,
            max_retries=max_retries,
            retry_delay=retry_delay,
        )

    def _assemble(self, settings: Settings, prefix: str, retry: RetryPolicy) -> None:
        index, algorithm, m, ef_construction, ef_runtime, quantization, flat_limit = self._index_options
        if algorithm not in get_args(Algorithm) or quantization not in get_args(Quantization):
            raise ConfigurationError(
                f"algorithm={algorithm!r} or quantization={quantization!r} is not known",
                hint=f"they are {', '.join(get_args(Algorithm))} and {', '.join(get_args(Quantization))}",
            )
        graph = {"m": m, "ef_construction": ef_construction, "ef_runtime": ef_runtime}
        for name, value in graph.items():
            if not check_limit(value, name):
                raise ConfigurationError(f"{name} must be at least 1, got {value!r}")
        cluster = settings.mode == "cluster"
        query = [] if cluster else [QueryIndex(algorithm=algorithm, words=True, **graph)]
        flat = FlatIndex(check_limit(flat_limit, "flat_limit") or 0)
        known = [*query, VectorSetIndex(quantization=quantization, **graph), flat]
        wanted = choose_indexes(("vectorset" if cluster else "query,vectorset") if index is None else index, known)
        self.search_modes = ("vector", "keyword") if query and query[0] in wanted else ("vector",)
        self._begin_with(self._caller(settings, retry), prefix, known, wanted, product="Redis", one_server=not cluster)

    @abstractmethod
    def _caller(self, settings: Settings, retry: RetryPolicy) -> Any:
        """Performs pipelines; opens nothing."""
