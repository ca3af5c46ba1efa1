"""The engines by name. A new engine is a module of its own and one line here; fixtures and documentation follow."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from .cassandra import Cassandra
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


class Entry(NamedTuple):
    """One engine.

    Attributes:
        make: makes it.
        origin: what is started where no server is given, for the table in CONTRIBUTING.md.
    """

    make: Factory
    origin: str


ENGINES: dict[str, Entry] = {
    "postgres": Entry(pgvector_postgres, "PostgreSQL 18 with pgvector from PyPI"),
    "postgres-debian": Entry(debian_postgres, "the distribution's PostgreSQL"),
    "pgbouncer": Entry(PgBouncer, "Debian's PgBouncer in transaction mode, before the first"),
    "mariadb": Entry(mariadb, "the distribution's MariaDB"),
    "mysql": Entry(mysql, "MySQL from Debian's unstable suite, with its own C library"),
    "turso": Entry(Turso, "a stand-in: libSQL's protocol, Hrana 3, over SQLite"),
    "surrealdb": Entry(SurrealDB, "a stand-in: SurrealDB's RPC protocol over the engine in its Python wheel"),
    "redis": Entry(Redis, "the distribution's Redis"),
    "redis-cluster": Entry(RedisCluster, "three masters of it"),
    "redis-sentinel": Entry(RedisSentinel, "a master of it with a replica, watched by a Sentinel"),
    "valkey": Entry(Valkey, "Debian 13's Valkey, with its own C library"),
    "cassandra": Entry(Cassandra, "Cassandra 5 from Maven Central, on a Java from PyPI"),
    "qdrant": Entry(Qdrant, "a stand-in: Qdrant's REST protocol over its own Rust core"),
}


def create(name: str, *, own: bool = False, durable: bool = True) -> Engine:
    """A new engine object of that name, not yet located or started; arguments as in `Engine`."""
    if name not in ENGINES:
        raise EngineError(f"no engine is called {name!r}; there are {', '.join(ENGINES)}")
    return ENGINES[name].make(own=own, durable=durable)
