"""The command line: which suites, how thoroughly, where to."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import sys
from collections.abc import Sequence
from pathlib import Path

from . import report
from .measure import Plan, Row

SUITES = {
    "imports": "what it costs to import the library, and to create a first store",
    "sqlite": "conversations in SQLite",
    "json": "conversations in JSON files",
    "postgres": "conversations in PostgreSQL",
    "mysql": "conversations in MySQL",
    "turso": "conversations in embedded libSQL",
    "redis": "state in Redis",
    "valkey": "state in Valkey",
    "upstash": "state in Upstash Redis, over a stand-in",
    "firestore": "state in Firestore",
    "gcs": "state in Cloud Storage, over a stand-in",
    "dynamodb": "state in DynamoDB, over a stand-in",
    "mongodb": "state in MongoDB, over a stand-in where there is none",
    "pgvector": "vectors in PostgreSQL",
    "milvus": "vectors in Milvus Lite",
    "qdrant": "vectors in embedded Qdrant",
    "chroma": "vectors in Chroma, embedded and on its server",
    "weaviate": "vectors in Weaviate",
    "pinecone": "vectors in Pinecone, over a stand-in",
    "couchbase": "vectors in Couchbase, over a stand-in",
    "cosmosdb": "inserts of vectors into Azure Cosmos DB, over a stand-in",
    "upstash_vector": "vectors in Upstash Vector, over a stand-in",
    "cassandra": "vectors in Cassandra",
    "redis_vectors": "vectors in Redis 8's vector sets",
    "valkey_vectors": "inserts of vectors into Valkey, without an index",
    "lancedb": "vectors in embedded LanceDB",
    "langchain": "vectors by LangChain in embedded Chroma and Qdrant, both ways",
    "llamaindex": "vectors by LlamaIndex in embedded Qdrant, both ways",
    "lightrag": "vectors in LightRAG's files",
    "clickhouse": "vectors in ClickHouse's engine, in the process",
    "singlestore": "inserts of vectors by SingleStore's client, into a stand-in",
    "surrealdb": "conversations and vectors in embedded SurrealDB",
}
MODULES = {"json": "jsonfiles"}  # bench.json would read like the standard library's
DRIVERS = (
    "aiosqlite",
    "libsql",
    "psycopg",
    "asyncpg",
    "PyMySQL",
    "aiomysql",
    "redis",
    "google-cloud-firestore",
    "google-cloud-storage",
    "boto3",
    "pymongo",
    "pgvector",
    "pymilvus",
    "qdrant-client",
    "chromadb",
    "langchain-core",
    "llama-index-core",
    "weaviate-client",
    "pinecone",
    "couchbase",
    "azure-cosmos",
    "upstash-vector",
    "lancedb",
    "lightrag-hku",
    "clickhouse-connect",
    "chdb",
    "singlestoredb",
    "surrealdb",
)


class SuiteSkippedError(Exception):
    """A suite cannot run here; says why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the suites; 0 whatever the numbers are."""
    options = _parser().parse_args(argv)
    plan = Plan(rounds=9, repeat=10) if options.quick else Plan()
    done: dict[str, list[Row]] = {}
    skipped: dict[str, str] = {}
    for name in options.suites or SUITES:
        print(f"\n{name}: {SUITES[name]}\n{report.HEADER}", flush=True)
        rows = done[name] = []
        try:
            for row in importlib.import_module(f"bench.{MODULES.get(name, name)}").run(plan):
                rows.append(row)
                print(report.line(row), flush=True)
        except (ImportError, SuiteSkippedError) as reason:
            skipped[name] = str(reason)
            print(f"skipped: {reason}", flush=True)
    _summary(done, skipped)
    if options.json:
        report.write(options.json, done, skipped, list(_versions()))
    return 0


def _summary(done: dict[str, list[Row]], skipped: dict[str, str]) -> None:
    verdicts = [row.ok for rows in done.values() for row in rows]
    over = [f"{name}: {row.operation}" for name, rows in done.items() for row in rows if row.ok is False]
    print(f"\n{verdicts.count(True)} within their target, {len(over)} over, {len(skipped)} suites skipped")
    for text in over:
        print(f"  over: {text}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Costs of the stores, as ratios to the raw driver in the same run."
    )
    parser.add_argument("suites", nargs="*", choices=[[], *SUITES], metavar="SUITE", help=", ".join(SUITES))
    parser.add_argument("--quick", action="store_true", help="9 rounds of few calls: noisier, a fifth of the time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there as well")
    return parser


def _versions() -> Sequence[str]:
    found = [f"python {sys.version.split()[0]}"]
    for name in DRIVERS:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
