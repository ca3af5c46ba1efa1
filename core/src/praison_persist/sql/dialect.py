"""What differs between SQL engines, as immutable data. No connection and no query of an operation is here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ..validation import check_identifier

__all__ = ["POSTGRES", "SQLITE", "Dialect", "Placeholder"]

Placeholder = Literal["qmark", "format", "numeric"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One engine's way to write what the operations need.

    SQL in this package is written with ``?`` placeholders and turned into the engine's style by `render`.

    Attributes:
        name: the dialect's name, also the key of its golden SQL.
        placeholder: ``?`` (qmark), ``%s`` (format) or ``$1`` (numeric).
        quote: the character around identifiers.
        id_type: column type of session and message ids; they compare exactly.
        name_type: column type of ids and names that others give: user, agent, session name, tool call.
        key_type, role_type, text_type, json_type, float_type, integer_type: further column types.
        read_json: how a JSON column is selected, so that the driver hands over text.
        binary_json: the engine normalizes JSON, so that what it cannot hold is stored as a JSON string of JSON text.
        begin: starts a transaction that may write.
        lock_row: suffix of a SELECT that locks the rows it found until the transaction ends.
        ignore_conflict: suffix of an INSERT that does nothing where the row exists.
        now: expression for the engine's clock, in seconds since the epoch.
        lock_schema: statement that lets only this transaction change the schema; None where `begin` does.
        column_names: query for the columns of a table, by its schema and name.
        has_schemas: whether tables live in schemas.
        schema_exists: query that finds a schema by name.
        table_options: suffix of CREATE TABLE.
        number_messages: template of migration 2, which adds ``seq`` and the key (session_id, id).
        max_params: most parameters in one statement.
    """

    name: str
    placeholder: Placeholder
    column_names: str
    number_messages: str
    quote: str = '"'
    id_type: str = "VARCHAR(255)"
    name_type: str = "VARCHAR(255)"
    key_type: str = "TEXT"
    role_type: str = "VARCHAR(50)"
    text_type: str = "TEXT"
    json_type: str = "TEXT"
    float_type: str = "DOUBLE PRECISION"
    integer_type: str = "INTEGER"
    read_json: str = "{}"
    binary_json: bool = False
    begin: str = "BEGIN"
    lock_row: str = ""
    ignore_conflict: str = " ON CONFLICT DO NOTHING"
    now: str = "EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8"
    lock_schema: str | None = None
    has_schemas: bool = False
    schema_exists: str | None = None
    table_options: str = ""
    max_params: int = 900

    def render(self, sql: str) -> str:
        """The SQL with this engine's placeholders."""
        return _render(sql, self.placeholder)

    def identifier(self, name: str) -> str:
        """The quoted name; the only place where a name becomes SQL.

        Raises:
            InvalidInputError: anything but letters, digits and underscore.
        """
        return f"{self.quote}{check_identifier(name, 'identifier')}{self.quote}"

    def upsert(self, columns: Sequence[str], keys: Sequence[str]) -> str:
        """Suffix of an INSERT that replaces the other columns where the row exists."""
        assignments = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in keys)
        return f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {assignments}"


@lru_cache(maxsize=512)
def _render(sql: str, placeholder: Placeholder) -> str:
    if placeholder == "qmark":
        return sql
    if placeholder == "format":
        return sql.replace("%", "%%").replace("?", "%s")
    numbers = iter(range(1, sql.count("?") + 1))
    return re.sub(r"\?", lambda _: f"${next(numbers)}", sql)


SQLITE = Dialect(
    name="sqlite",
    placeholder="qmark",
    id_type="TEXT",
    name_type="TEXT",
    role_type="TEXT",
    float_type="REAL",
    begin="BEGIN IMMEDIATE",
    now="((julianday('now') - 2440587.5) * 86400.0)",
    column_names="SELECT name FROM pragma_table_info(?)",
    # The row id, which seq is, is part of every index, so the index on session_id is in order of insertion.
    number_messages="""
        CREATE TABLE {new_messages} (seq INTEGER PRIMARY KEY, id {id} NOT NULL, session_id {id} NOT NULL
            REFERENCES {sessions} (session_id) ON DELETE CASCADE, role {role}, content {text}, tool_calls {json},
            tool_call_id {name}, metadata {json}, created_at {float}, UNIQUE (session_id, id));
        INSERT INTO {new_messages} (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at)
            SELECT id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at
            FROM {messages} ORDER BY created_at, rowid;
        DROP TABLE {messages};
        ALTER TABLE {new_messages} RENAME TO {messages_name};
        CREATE INDEX {message_order} ON {messages} (session_id)
    """,
)
"""SQLite 3.35 or newer: one writer at a time, so a write transaction is also the lock for the schema."""

POSTGRES = Dialect(
    name="postgres",
    placeholder="format",
    key_type='TEXT COLLATE "C"',
    json_type="JSONB",
    read_json="{}::text",
    binary_json=True,
    lock_row=" FOR NO KEY UPDATE",
    lock_schema="SELECT pg_advisory_xact_lock(7090271, hashtext(?))",
    # Not information_schema, which hides the tables that this role may not read.
    column_names="SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n"
    " ON n.oid = relnamespace WHERE nspname = ? AND relname = ? AND attnum > 0 AND NOT attisdropped",
    begin="BEGIN ISOLATION LEVEL READ COMMITTED",  # after waiting for a lock, see what its holder wrote
    has_schemas=True,
    schema_exists="SELECT nspname FROM pg_namespace WHERE nspname = ?",
    number_messages="""
        ALTER TABLE {messages} ADD COLUMN seq BIGINT;
        UPDATE {messages} AS m SET seq = o.seq FROM
            (SELECT id, ROW_NUMBER() OVER (ORDER BY created_at, ctid) AS seq FROM {messages}) AS o WHERE m.id = o.id;
        ALTER TABLE {messages} ALTER COLUMN seq SET NOT NULL,
            ALTER COLUMN seq ADD GENERATED BY DEFAULT AS IDENTITY;
        SELECT setval(pg_get_serial_sequence('{messages}', 'seq'), COALESCE(MAX(seq), 0) + 1, FALSE) FROM {messages};
        ALTER TABLE {messages} ALTER COLUMN role DROP NOT NULL, ALTER COLUMN created_at DROP DEFAULT,
            DROP CONSTRAINT IF EXISTS {messages_key}, DROP CONSTRAINT IF EXISTS {old_messages_key},
            DROP CONSTRAINT IF EXISTS {messages_foreign_key}, DROP CONSTRAINT IF EXISTS {old_messages_foreign_key};
        ALTER TABLE {messages} ADD PRIMARY KEY (session_id, id),
            ADD FOREIGN KEY (session_id) REFERENCES {sessions} (session_id) ON DELETE CASCADE;
        CREATE UNIQUE INDEX {message_order} ON {messages} (session_id, seq)
    """,
    max_params=30000,
)
"""PostgreSQL 12 or newer."""
