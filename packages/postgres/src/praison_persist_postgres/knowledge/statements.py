"""Every SQL text of the knowledge store: ``{...}`` take checked identifiers and constants, values are parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import sql

from praison_persist.filters import Filter

from .filters import to_sql

__all__ = ["fill", "where"]

ABOUT = (
    "SELECT version(), (SELECT extversion FROM pg_extension WHERE extname = 'vector'), "
    "(SELECT default_version FROM pg_available_extensions WHERE name = 'vector')"
)
LOCK = "SELECT pg_advisory_xact_lock(%s)"
CREATE_EXTENSION = "CREATE EXTENSION IF NOT EXISTS vector"
CREATE_SCHEMA = 'CREATE SCHEMA IF NOT EXISTS "{schema}"'
EXISTS = "SELECT to_regclass(%s) IS NOT NULL"

CREATE_REGISTRY = (
    "CREATE TABLE IF NOT EXISTS {registry} "
    "(name TEXT PRIMARY KEY, table_name TEXT NOT NULL, distance TEXT NOT NULL, metadata TEXT)"
)
REGISTER = (
    "INSERT INTO {registry} (name, table_name, distance, metadata) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT (name) DO UPDATE SET "
    "table_name = EXCLUDED.table_name, distance = EXCLUDED.distance, metadata = EXCLUDED.metadata"
)
UNREGISTER = "DELETE FROM {registry} WHERE name = %s"
REGISTERED = "SELECT distance, metadata FROM {registry} WHERE name = %s"
REGISTERED_NAMES = "SELECT table_name, name FROM {registry}"

CREATE_TABLE = (
    'CREATE TABLE {table} (id TEXT COLLATE "C" PRIMARY KEY, content TEXT, content_hash TEXT, '
    "created_at DOUBLE PRECISION, metadata JSONB, embedding vector({dimension:d}) NOT NULL)"
)
CREATE_INDEX = "CREATE INDEX ON {table} USING {method} (embedding {operators}){options}"
DROP_TABLE = "DROP TABLE IF EXISTS {table}"

TABLES = (
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND starts_with(c.relname::text, %s)"
)
DESCRIBE = (
    "SELECT a.atttypmod, to_regclass(%(registry)s) IS NOT NULL, am.amname, opc.opcname, to_regtype('vector')::oid "
    "FROM pg_attribute a "
    "LEFT JOIN (pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid "
    "JOIN pg_am am ON am.oid = ic.relam AND am.amname IN ('hnsw', 'ivfflat') "
    "JOIN pg_opclass opc ON opc.oid = i.indclass[0]) ON i.indrelid = a.attrelid AND i.indisvalid "
    "WHERE a.attrelid = to_regclass(%(table)s) AND a.attname = 'embedding' AND NOT a.attisdropped LIMIT 1"
)

# One statement for all rows, a column an array: a row of a pipeline costs server and client twice as much.
_ROWS = (
    "INSERT INTO {table} (id, content, content_hash, created_at, metadata, embedding) "
    "SELECT id, content, content_hash, created_at, metadata::jsonb, embedding "
    "FROM unnest(%b::text[], %b::text[], %b::text[], %b::float8[], %b::text[], %b::vector[]) "
    "AS new (id, content, content_hash, created_at, metadata, embedding) "
)
INSERT = _ROWS + "ON CONFLICT (id) DO NOTHING"
UPSERT = _ROWS + (
    "ON CONFLICT (id) DO UPDATE SET "
    "content = EXCLUDED.content, content_hash = EXCLUDED.content_hash, created_at = EXCLUDED.created_at, "
    "metadata = EXCLUDED.metadata, embedding = EXCLUDED.embedding"
)
TAKEN = "SELECT id FROM {table} WHERE id = ANY (%s)"
DELETE = "DELETE FROM {table}{where}"
COUNT = "SELECT count(*) FROM {table}{where}"
WHOLE = (
    "SELECT id, content, content_hash, created_at, metadata::text, vector_send(embedding) FROM {table}{where}{order}"
)
PAGE = " ORDER BY id LIMIT {limit:d}"

# Metadata becomes text outside, or it would for every row before the sort. The limit is part of the statement: a plan
# that is good for any limit does not use an index.
SEARCH = (
    "SELECT id, content, content_hash, created_at, metadata::text, distance FROM ("
    "SELECT id, content, content_hash, created_at, metadata, embedding {operator} %b::vector AS distance "
    "FROM {table}{where} ORDER BY distance LIMIT {limit:d}) AS nearest ORDER BY distance"
)
SCAN_HNSW = "SELECT set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.ef_search', %s, true)"
SCAN_IVFFLAT = "SELECT set_config('ivfflat.iterative_scan', 'relaxed_order', true)"
WITHOUT_INDEX = "SELECT set_config('enable_indexscan', 'off', true)"


def fill(template: str, **parts: Any) -> sql.SQL:
    """A statement of this module with its parts."""
    return sql.SQL(template.format(**parts))  # type: ignore[arg-type]


def where(
    condition: Filter | None, ids: Sequence[str] | None = None, after: str | None = None
) -> tuple[str, list[Any]]:
    """The WHERE clause, or "", and its parameters.

    Args:
        condition: on the metadata.
        ids: one of these.
        after: behind this id.
    """
    parts: list[str] = []
    params: list[Any] = []
    if ids is not None:
        parts.append("id = ANY (%s)")
        params.append(list(ids))
    if after is not None:
        parts.append("id > %s")
        params.append(after)
    if condition is not None:
        text, values = to_sql(condition)
        parts.append(text)
        params += values
    return (" WHERE " + " AND ".join(parts) if parts else ""), params
