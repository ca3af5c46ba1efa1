"""Couchbase: its client against the couchbase store, in one collection of a stand-in.

The stand-in evaluates SQL++ in Python, document by document, on both sides alike: its time says nothing of Couchbase.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from couchbase.auth import PasswordAuthenticator
from couchbase.cluster import Cluster
from couchbase.n1ql import QueryScanConsistency
from couchbase.options import ClusterOptions, QueryOptions

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from . import vectors
from .measure import Plan, Row
from .server import running

COLLECTION = "documents"


class Raw:
    """The client as its manual shows it: ids that exist are refused, and queries see what was written before."""

    def __init__(self, cluster: Any, bucket: str) -> None:
        self._cluster = cluster
        self._documents = cluster.bucket(bucket).scope("_default").collection("vectors")
        self._source = f'`{bucket}`.`_default`.`vectors` AS d WHERE META(d).id > "raw:" AND META(d).id < "raw;"'

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        bodies = {
            f"raw:{one.id}": {
                "content": one.content,
                "embedding": one.embedding,
                "created_at": one.created_at,
                **(one.metadata or {}),
            }
            for one in documents
        }
        self._documents.insert_multi(bodies, return_exceptions=False)

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        where = ' AND d.lang = "de" AND d.year >= 2020' if filtered else ""
        statement = (
            f"SELECT META(d).id AS id, d.content AS content, d.lang AS lang, d.year AS year, "
            f'VECTOR_DISTANCE(d.embedding, $vector, "COSINE") AS distance '
            f"FROM {self._source}{where} ORDER BY distance LIMIT $limit"
        )
        options = QueryOptions(
            named_parameters={"vector": vector, "limit": vectors.LIMIT},
            scan_consistency=QueryScanConsistency.REQUEST_PLUS,
            timeout=timedelta(seconds=60),
        )
        return [row["id"].removeprefix("raw:") for row in self._cluster.query(statement, options)]

    def clear(self) -> None:
        self._cluster.query(f"DELETE FROM {self._source}").execute()


def run(plan: Plan) -> Iterator[Row]:
    """All rows, on a service that both sides use."""
    with running("couchbase") as url:
        parts = urlsplit(url)
        place = f"couchbase://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        user = PasswordAuthenticator(parts.username or "", parts.password or "")
        with KNOWLEDGE_STORES.create("couchbase", url=url, timeout=60.0) as store:
            store.create_collection(COLLECTION, vectors.DIMENSION)  # Couchbase's collection and index too
            options: Any = ClusterOptions(user, enable_tracing=False, enable_metrics=False)
            cluster = Cluster.connect(place, options)
            raw = Raw(cluster, parts.path.strip("/"))
            try:
                yield from vectors.rows(raw, vectors.Ours(store, COLLECTION), plan)
            finally:
                raw.clear()
                cluster.close()
                store.delete_collection(COLLECTION)
