"""Cassandra: its driver against the cassandra store, in tables of one node."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from cassandra import ProtocolVersion
from cassandra.cluster import Cluster
from cassandra.concurrent import execute_concurrent_with_args

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from . import vectors
from .measure import Plan, Row
from .server import running

COLLECTION = "documents"
COLUMNS = "id, content, content_hash, created_at, embedding, metadata, lang, year"
# Cassandra has no other way to search its graph more widely than a larger LIMIT: of 4,000 real embeddings, LIMIT 10
# finds 92 % of the ten nearest, LIMIT 100, the store's default, 99.9 %. Both sides must find the same of random ones.
CANDIDATES = 200


class Raw:
    """Prepared statements, 32 at once; metadata that is searched by in columns of its own, with an index each."""

    def __init__(self, session: Any) -> None:
        self._session = session
        session.execute(
            "CREATE TABLE raw (id text PRIMARY KEY, content text, content_hash text, created_at double, "
            f"embedding vector<float, {vectors.DIMENSION}>, metadata text, lang text, year int)"
        )
        for column in ("lang", "year"):
            session.execute(f"CREATE INDEX ON raw ({column}) USING 'sai'")
        session.execute("CREATE INDEX ON raw (embedding) USING 'sai' WITH OPTIONS = {'similarity_function': 'COSINE'}")
        marks = ", ".join("?" for _ in COLUMNS.split(", "))
        self._upsert = session.prepare(f"INSERT INTO raw ({COLUMNS}) VALUES ({marks})")
        self._insert = session.prepare(f"INSERT INTO raw ({COLUMNS}) VALUES ({marks}) IF NOT EXISTS")
        select = (
            "SELECT id, content, content_hash, created_at, metadata, similarity_cosine(embedding, ?) AS score FROM raw"
        )
        nearest = f"ORDER BY embedding ANN OF ? LIMIT {CANDIDATES}"
        self._nearest = session.prepare(f"{select} {nearest}")
        self._filtered = session.prepare(f"{select} WHERE lang = ? AND year >= ? {nearest}")

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        if not all(answer.result_or_exc.one()[0] for answer in self._write(self._insert, documents)):
            raise ValueError("one of the ids exists")

    def upsert(self, documents: list[KnowledgeDocument]) -> None:
        self._write(self._upsert, documents)

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        if filtered:
            found = self._session.execute(self._filtered, [vector, "de", 2020, vector])
        else:
            found = self._session.execute(self._nearest, [vector, vector])
        rows = list(found)[: vectors.LIMIT]
        for row in rows:
            json.loads(row.metadata)
        return [row.id for row in rows]

    def _write(self, statement: Any, documents: list[KnowledgeDocument]) -> Any:
        rows = [
            [
                one.id,
                one.content,
                one.content_hash,
                one.created_at,
                one.embedding,
                json.dumps(one.metadata),
                (one.metadata or {})["lang"],
                (one.metadata or {})["year"],
            ]
            for one in documents
        ]
        return execute_concurrent_with_args(
            self._session, statement, rows, concurrency=32, raise_on_first_error=True, results_generator=False
        )


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in a keyspace that both sides use and nobody else."""
    keyspace = f"bench_{secrets.token_hex(6)}"
    with running("cassandra") as url:
        place = urlsplit(url)
        cluster = Cluster([place.hostname], port=place.port or 9042, protocol_version=ProtocolVersion.V5)
        try:
            session = cluster.connect()
            session.execute(
                f"CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}"
            )
            session.set_keyspace(keyspace)
            ours = urlunsplit(place._replace(path=f"/{keyspace}"))
            with KNOWLEDGE_STORES.create("cassandra", url=ours, candidates=CANDIDATES) as store:
                store.create_collection(COLLECTION, vectors.DIMENSION)
                yield from vectors.rows(Raw(session), vectors.Ours(store, COLLECTION), plan)
            session.execute(f"DROP KEYSPACE {keyspace}", timeout=60.0)
        finally:
            cluster.shutdown()
