"""The engines by name. A new engine is a module of its own and one line here."""

from __future__ import annotations

from typing import Protocol

from .engine import Engine, EngineError
from .mysql import mariadb, mysql
from .pgbouncer import PgBouncer
from .postgres import debian_postgres, pgvector_postgres
from .qdrant import Qdrant
from .redis import Redis, RedisCluster, RedisSentinel
from .surrealdb import SurrealDB
from .turso import Turso
from .valkey import Valkey


class Factory(Protocol):
    """Makes an engine; arguments as in `Engine`."""

    def __call__(self, *, own: bool = ..., durable: bool = ...) -> Engine: ...


ENGINES: dict[str, Factory] = {
    "postgres": pgvector_postgres,
    "postgres-debian": debian_postgres,
    "pgbouncer": PgBouncer,
    "qdrant": Qdrant,
    "redis": Redis,
    "redis-cluster": RedisCluster,
    "redis-sentinel": RedisSentinel,
    "valkey": Valkey,
    "mariadb": mariadb,
    "mysql": mysql,
    "turso": Turso,
    "surrealdb": SurrealDB,
}


def create(name: str, *, own: bool = False, durable: bool = True) -> Engine:
    """A new engine object of that name, not yet located or started; arguments as in `Engine`."""
    if name not in ENGINES:
        raise EngineError(f"no engine is called {name!r}; there are {', '.join(ENGINES)}")
    return ENGINES[name](own=own, durable=durable)
