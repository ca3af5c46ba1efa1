"""The engines by name. A new engine is a module of its own and one line here; fixtures and documentation follow."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from .cassandra import Cassandra
from .chroma import Chroma
from .clickhouse import ClickHouse
from .cosmosdb import CosmosDB
from .couchbase import Couchbase
from .dynalite import Dynalite
from .engine import Engine, EngineError
from .firestore import Firestore
from .gcs import CloudStorage
from .milvus import Milvus
from .mongodb import CosmosMongoDB, MongoDB
from .moto import Moto
from .mysql import mariadb, mysql
from .pgbouncer import PgBouncer
from .pinecone import Pinecone
from .postgres import debian_postgres, pgvector_postgres
from .qdrant import Qdrant
from .query_engine import RedisQuery, ValkeyQuery
from .redis import Redis, RedisCluster, RedisSentinel
from .singlestore import SingleStore
from .surrealdb import SurrealDB
from .turso import Turso
from .valkey import Redis8, Valkey
from .weaviate import Weaviate


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
    "singlestore": Entry(SingleStore, "a stand-in: its vector functions in that MySQL"),
    "turso": Entry(Turso, "a stand-in: libSQL's protocol, Hrana 3, over SQLite"),
    "surrealdb": Entry(SurrealDB, "a stand-in: SurrealDB's RPC protocol over the engine in its Python wheel"),
    "redis": Entry(Redis, "the distribution's Redis"),
    "redis8": Entry(Redis8, "Debian 13's Redis 8, with its own C library"),
    "redis-cluster": Entry(RedisCluster, "three masters of it"),
    "redis-sentinel": Entry(RedisSentinel, "a master of it with a replica, watched by a Sentinel"),
    "redis-query": Entry(RedisQuery, "a stand-in: Redis's query engine, before the distribution's Redis"),
    "valkey": Entry(Valkey, "Debian 13's Valkey, with its own C library"),
    "firestore": Entry(Firestore, "Google's emulator if installed, else a stand-in: its gRPC protocol over SQLite"),
    "gcs": Entry(CloudStorage, "a stand-in: Cloud Storage's JSON API over SQLite"),
    "dynamodb": Entry(Dynalite, "a stand-in: Dynalite from npm, which speaks DynamoDB's protocol over LevelDB"),
    "aws": Entry(Moto, "a stand-in: Moto from PyPI, AWS's API in memory, with the policies of IAM enforced"),
    "mongodb": Entry(MongoDB, "a stand-in: MongoDB's wire protocol over mongomock, with a journal"),
    "valkey-query": Entry(ValkeyQuery, "a stand-in: valkey-search, before that Valkey"),
    "cassandra": Entry(Cassandra, "Cassandra 5 from Maven Central, on a Java from PyPI"),
    "qdrant": Entry(Qdrant, "a stand-in: Qdrant's REST protocol over its own Rust core"),
    "pinecone": Entry(Pinecone, "a stand-in: Pinecone's REST API, version 2026-07, searching exactly"),
    "couchbase": Entry(Couchbase, "a stand-in: the protocols of its data, query and management services"),
    "cosmosdb": Entry(CosmosDB, "a stand-in: the REST API of Azure Cosmos DB for NoSQL, searching exactly"),
    "cosmosdb-mongodb": Entry(CosmosMongoDB, "a stand-in: MongoDB's, with the vector search of Azure Cosmos DB"),
    "clickhouse": Entry(ClickHouse, "a stand-in: ClickHouse's HTTP protocol over chDB, its own engine"),
    "chroma": Entry(Chroma, "the server in its Python package, `chroma run`"),
    "weaviate": Entry(Weaviate, "Weaviate, built from its Go module"),
    "milvus": Entry(Milvus, "the server in its Python package, in a network of its own"),
}


def create(name: str, *, own: bool = False, durable: bool = True) -> Engine:
    """A new engine object of that name, not yet located or started; arguments as in `Engine`."""
    if name not in ENGINES:
        raise EngineError(f"no engine is called {name!r}; there are {', '.join(ENGINES)}")
    return ENGINES[name].make(own=own, durable=durable)
