"""SingleStore: its client against the singlestore_vector store, into the MySQL of the stand-in.

Inserts only: a search would measure the stand-in's vector functions.
"""

from __future__ import annotations

import json
import secrets
from array import array
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import unquote, urlsplit

from singlestoredb.connection import connect

from praison_persist import KnowledgeDocument
from praison_persist_singlestore import SingleStoreVectorKnowledgeStore

from . import vectors
from .measure import Plan, Row
from .server import running

COLUMNS = "id, content, content_hash, created_at, metadata, embedding"


class Ours(SingleStoreVectorKnowledgeStore):
    """The store with keys that MySQL knows."""

    layout = "PRIMARY KEY ({0})"


class Raw:
    """One connection, and a table as a user would make it; a batch in one statement."""

    def __init__(self, connection: Any, table: str) -> None:
        self._cursor = connection.cursor()
        self._into = f"INSERT INTO {table} ({COLUMNS}) VALUES "
        self._cursor.execute(
            f"CREATE TABLE {table} (id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY,"
            " content LONGTEXT, content_hash VARCHAR(255), created_at DOUBLE, metadata JSON, embedding LONGBLOB)"
        )

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        values = [
            value
            for one in documents
            for value in (
                one.id,
                one.content,
                one.content_hash,
                one.created_at,
                json.dumps(one.metadata),
                array("f", one.embedding or ()).tobytes(),
            )
        ]
        self._cursor.execute(self._into + ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(documents)), values)


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in tables of their own."""
    prefix = f"bench_{secrets.token_hex(6)}_"
    with running("singlestore") as url:
        parts = urlsplit(url)
        connection = connect(
            host=parts.hostname,
            port=parts.port or 3306,
            user=parts.username,
            password=unquote(parts.password or ""),
            database=parts.path.strip("/"),
            autocommit=True,
        )
        with closing(connection), Ours(url, table_prefix=prefix) as store:
            store.create_collection("documents", vectors.DIMENSION)
            try:
                yield from vectors.inserts(Raw(connection, f"{prefix}raw"), vectors.Ours(store, "documents"), plan)
            finally:
                store.delete_collection("documents")
                connection.cursor().execute(f"DROP TABLE IF EXISTS {prefix}raw, {prefix}vector_collections")
