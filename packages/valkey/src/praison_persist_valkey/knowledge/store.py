"""The knowledge store: its options, which indexes they mean, and which engine runs the commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from praison_persist.command_vectors import Caller, CommandVectors, FlatIndex, QueryIndex, choose_indexes
from praison_persist.command_vectors.query import Algorithm
from praison_persist.errors import ConfigurationError, PersistError
from praison_persist.retry import RetryPolicy
from praison_persist.validation import check_limit
from praison_persist.vectorstore import VectorStoreBase

from ..settings import Settings

__all__ = ["ValkeyVectorKnowledgeStore"]


class ValkeyVectorKnowledgeStore(CommandVectors, VectorStoreBase):
    """Documents in Valkey: with valkey-search, or without an index.

    Args:
        url, host, port, db, username, password, ssl, ssl_ca_certs, ssl_certfile, ssl_keyfile, timeout, connect_timeout,
            max_retries, retry_delay: as of `ValkeyStateStore`.
        prefix: what the name of every key starts with; no braces.
        index: of new collections, one or both with a comma, the better first: ``"query"`` is valkey-search's,
            ``"flat"`` none: the store compares with each document, and that is the only one on a cluster.
        algorithm: of valkey-search's index, ``"HNSW"`` or ``"FLAT"``.
        m, ef_construction: of new HNSW graphs.
        ef_runtime: candidates that a search looks at; more is slower and finds more of the nearest.
        flat_limit: documents that a search without index may look at; beyond it is refused.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    backend = "valkey"

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
        index: str | Sequence[str] = "query",
        algorithm: Algorithm = "HNSW",
        m: int = 16,
        ef_construction: int = 200,
        ef_runtime: int = 200,
        flat_limit: int = 10_000,
        ssl: bool = False,
        ssl_ca_certs: str | None = None,
        ssl_certfile: str | None = None,
        ssl_keyfile: str | None = None,
        timeout: float = 10.0,
        connect_timeout: float = 2.0,
        max_retries: int = 3,
        retry_delay: float = 0.1,
    ) -> None:
        try:
            self._settings = Settings.of(
                url,
                host=host,
                port=port,
                db=db,
                username=username,
                password=password,
                ssl=ssl,
                tls={"ssl_ca_certs": ssl_ca_certs, "ssl_certfile": ssl_certfile, "ssl_keyfile": ssl_keyfile},
                timeout=timeout,
                connect_timeout=connect_timeout,
            )
            if algorithm not in get_args(Algorithm):
                raise ConfigurationError(f"algorithm={algorithm!r} is not known", hint="it is HNSW or FLAT")
            graph = {"m": m, "ef_construction": ef_construction, "ef_runtime": ef_runtime}
            for name, value in graph.items():
                if not check_limit(value, name):
                    raise ConfigurationError(f"{name} must be at least 1, got {value!r}")
            cluster = self._settings.cluster
            query = [] if cluster else [QueryIndex(algorithm=algorithm, words=False, **graph)]
            known = [*query, FlatIndex(check_limit(flat_limit, "flat_limit") or 0)]
            wanted = choose_indexes(index, known)
            retry = RetryPolicy(max_retries=max_retries, retry_delay=retry_delay, deadline=self._settings.timeout)
            from ..engine import valkey_engine  # a wrong option needs no client

            ask = Caller(valkey_engine(self._settings), retry)
            self._begin_with(ask, prefix, known, wanted, product="Valkey", one_server=not cluster)
        except PersistError as error:
            error.backend = self.backend
            raise

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.place!r})"
