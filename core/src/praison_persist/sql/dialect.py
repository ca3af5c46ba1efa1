"""What differs between SQL engines, as immutable data. No connection and no query of an operation is here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from ..validation import check_identifier

__all__ = ["COCKROACHDB", "MYSQL", "POSTGRES", "SINGLESTORE", "SQLITE", "Dialect", "Placeholder"]

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
        order_hint: template after the name of a table, where the engine would rather sort it than follow its index.
        lock_row: suffix of a SELECT that locks the rows it found until the transaction ends.
        insert_or_skip: start of an INSERT with `ignore_conflict`.
        ignore_conflict: suffix of an INSERT that does nothing where the row exists.
        upsert_clause: template of the suffix of an INSERT that replaces the row where it exists.
        upsert_assignment: template of one column's part in that.
        now: expression for the engine's clock, in seconds since the epoch.
        lock_schema: statement that lets only this transaction change the schema; None where `begin` does.
        unlock_schema: statement that ends that, where the transaction's end does not.
        column_names: query for the columns of a table, by its schema and name.
        has_schemas: whether tables live in schemas.
        schema_exists: query that finds a schema by name.
        table_options: suffix of CREATE TABLE.
        sessions_layout, messages_layout: columns and indexes as CREATE TABLE takes them, where indexes have no names of
            their own in the schema, with which CREATE and DROP INDEX take IF [NOT] EXISTS. Fresh tables are made so at
            once, and `number_messages` leaves others so.
        foreign_key: a further line for the messages in that layout, with its comma.
        number_messages: template of migration 2, which adds ``seq`` and the key (session_id, id). ``unless x:`` and
            ``only_if x:`` before a statement make it depend on a table or ``table.column``; after ``REFUSE``
            comes the text of a `MigrationError`.
        server_version: query for the server's product and version.
        max_params: most parameters in one statement.
        max_characters: most characters of text in one statement that inserts several messages.
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
    order_hint: str = ""
    lock_row: str = ""
    insert_or_skip: str = "INSERT INTO"
    ignore_conflict: str = " ON CONFLICT DO NOTHING"
    upsert_clause: str = " ON CONFLICT ({keys}) DO UPDATE SET {assignments}"
    upsert_assignment: str = "{0} = excluded.{0}"
    now: str = "EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8"
    lock_schema: str | None = None
    unlock_schema: str | None = None
    has_schemas: bool = False
    schema_exists: str | None = None
    table_options: str = ""
    sessions_layout: str = ""
    messages_layout: str = ""
    foreign_key: str = ""
    server_version: str = "SELECT version()"
    max_params: int = 900
    max_characters: int | None = None

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
        assignments = ", ".join(self.upsert_assignment.format(name) for name in columns if name not in keys)
        return self.upsert_clause.format(keys=", ".join(keys), assignments=assignments)


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
    server_version="SELECT 'SQLite ' || sqlite_version()",
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

COCKROACHDB = replace(
    POSTGRES,
    name="cockroachdb",
    key_type="TEXT",  # in order of bytes anyway; with a collation it would be another type
    begin="BEGIN",  # serializable; what that forbids is repeated
    lock_row=" FOR UPDATE",
    lock_schema=None,  # advisory locks are accepted and do nothing; who loses a race repeats the set-up
    # No ctid; a new column cannot be used by the transaction that adds it; a primary key cannot be dropped.
    number_messages="""
        CREATE TABLE {new_messages} (seq BIGINT NOT NULL GENERATED BY DEFAULT AS IDENTITY, id {id} NOT NULL,
            session_id {id} NOT NULL REFERENCES {sessions} (session_id) ON DELETE CASCADE, role {role}, content {text},
            tool_calls {json}, tool_call_id {name}, metadata {json}, created_at {float}, PRIMARY KEY (session_id, id));
        INSERT INTO {new_messages} (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at)
            SELECT id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at
            FROM {messages} ORDER BY created_at, id;
        DROP TABLE {messages};
        ALTER TABLE {new_messages} RENAME TO {messages_name};
        CREATE UNIQUE INDEX {message_order} ON {messages} (session_id, seq)
    """,
)
"""CockroachDB 22.2 or newer, by its documentation; the SQL is also PostgreSQL's."""

_MYSQL_LOCK = "(CONCAT('praison ', SHA2(CONCAT(DATABASE(), '/', ?), 224))"

MYSQL = Dialect(
    name="mysql",
    placeholder="format",
    quote="`",
    text_type="LONGTEXT",  # TEXT ends after 64 KiB
    json_type="LONGTEXT",  # MySQL's JSON reorders keys and rounds numbers, MariaDB's is this with a check
    float_type="DOUBLE",
    order_hint=" FORCE INDEX FOR ORDER BY ({index})",
    lock_row=" FOR UPDATE",
    # Not IGNORE, which also swallows what is too long or refused. An equal value counts as no change.
    ignore_conflict=" ON DUPLICATE KEY UPDATE session_id = VALUES(session_id)",
    upsert_clause=" ON DUPLICATE KEY UPDATE {assignments}",
    upsert_assignment="{0} = VALUES({0})",  # MySQL's new spelling is unknown to MariaDB
    lock_schema=f"SELECT GET_LOCK{_MYSQL_LOCK}, 60)",
    unlock_schema=f"SELECT RELEASE_LOCK{_MYSQL_LOCK})",
    server_version="SELECT CONCAT(IF(VERSION() LIKE '%MariaDB%', '', 'MySQL '), VERSION())",
    column_names="SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE()"
    " AND table_name = ?",
    # The collations that compare bytes and do not ignore spaces at the end have different names. MariaDB reads the
    # first of these comments, MySQL the second.
    table_options=" ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4"
    " /*M!100200 COLLATE utf8mb4_nopad_bin */ /*!80017 COLLATE utf8mb4_0900_bin */",
    sessions_layout="session_id {id} NOT NULL PRIMARY KEY, user_id {name}, agent_id {name}, name {name}, state {json},"
    " metadata {json}, created_at {float}, updated_at {float}, INDEX {sessions_user} (user_id),"
    " INDEX {sessions_agent} (agent_id), INDEX {sessions_updated} (updated_at DESC, session_id)",
    # A session's messages lie side by side, in order. The last key is there because AUTO_INCREMENT needs one; hidden
    # from the optimizer, which would read other sessions by it.
    messages_layout="session_id {id} NOT NULL, seq BIGINT NOT NULL AUTO_INCREMENT, id {id} NOT NULL, role {role},"
    " content {text}, tool_calls {json}, tool_call_id {name}, metadata {json}, created_at {float},"
    " PRIMARY KEY (session_id, seq), UNIQUE KEY {messages_key} (id, session_id), UNIQUE KEY {message_order} (seq)"
    " /*M!100600 IGNORED */ /*!80000 INVISIBLE */",
    foreign_key=", CONSTRAINT {messages_foreign_key} FOREIGN KEY (session_id) REFERENCES {parent} (session_id)"
    " ON DELETE CASCADE",
    # DDL commits at once, so the tables are copied, and all change places in one statement. Sessions are joined for
    # their spelling of the id, which the old collation did not tell from others.
    number_messages="""
        unless {messages_plain}.seq: DROP TABLE IF EXISTS {new_messages};
        unless {messages_plain}.seq: DROP TABLE IF EXISTS {new_sessions};
        unless {messages_plain}.seq: CREATE TABLE {new_sessions} ({sessions_layout}){options};
        unless {messages_plain}.seq: INSERT INTO {new_sessions} (session_id, user_id, agent_id, name, state, metadata,
            created_at, updated_at) SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at
            FROM {sessions};
        unless {messages_plain}.seq: CREATE TABLE {new_messages} ({messages_layout}{new_foreign_key}){options};
        unless {messages_plain}.seq: INSERT INTO {new_messages} (id, session_id, role, content, tool_calls,
            tool_call_id, metadata, created_at) SELECT m.id, s.session_id, m.role, m.content, m.tool_calls,
            m.tool_call_id, m.metadata, m.created_at FROM {messages} m JOIN {sessions} s
            ON s.session_id = m.session_id ORDER BY m.created_at, m.id;
        unless {messages_plain}.seq: RENAME TABLE {sessions} TO {former_sessions}, {new_sessions} TO {sessions_name},
            {messages} TO {former_messages}, {new_messages} TO {messages_name};
        only_if {messages_plain}_former: INSERT INTO {sessions} (session_id, user_id, agent_id, name, state, metadata,
            created_at, updated_at) SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at
            FROM {former_sessions} ON DUPLICATE KEY UPDATE session_id = VALUES(session_id);
        only_if {messages_plain}_former: INSERT INTO {messages} (id, session_id, role, content, tool_calls,
            tool_call_id, metadata, created_at) SELECT m.id, s.session_id, m.role, m.content, m.tool_calls,
            m.tool_call_id, m.metadata, m.created_at FROM {former_messages} m JOIN {former_sessions} s
            ON s.session_id = m.session_id ORDER BY m.created_at, m.id ON DUPLICATE KEY UPDATE id = VALUES(id);
        DROP TABLE IF EXISTS {former_messages};
        DROP TABLE IF EXISTS {former_sessions}
    """,
    max_params=30000,
    max_characters=1_000_000,  # servers accept 16 MiB in one packet, and escaping doubles at worst
)
"""MySQL 8.0.17 or MariaDB 10.2, or newer; conversations only. A transaction should be READ COMMITTED."""

_EXACT = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"

SINGLESTORE = replace(
    MYSQL,
    name="singlestore",
    id_type=f"VARCHAR(255) {_EXACT}",
    name_type=f"VARCHAR(255) {_EXACT}",
    role_type=f"VARCHAR(50) {_EXACT}",
    text_type=f"LONGTEXT {_EXACT}",
    json_type=f"LONGTEXT {_EXACT}",
    insert_or_skip="INSERT IGNORE INTO",  # the shard key cannot be set, not even to what it is
    ignore_conflict="",
    order_hint="",
    lock_schema=None,
    unlock_schema=None,
    server_version="SELECT CONCAT('SingleStore ', @@memsql_version)",
    table_options="",
    # A session's rows are on one partition: unique keys must hold the shard key.
    sessions_layout="session_id {id} NOT NULL, user_id {name}, agent_id {name}, name {name}, state {json},"
    " metadata {json}, created_at {float}, updated_at {float}, SHARD KEY (session_id), SORT KEY (updated_at DESC),"
    " PRIMARY KEY (session_id) USING HASH, KEY {sessions_user} (user_id) USING HASH,"
    " KEY {sessions_agent} (agent_id) USING HASH",
    messages_layout="session_id {id} NOT NULL, seq BIGINT NOT NULL AUTO_INCREMENT, id {id} NOT NULL, role {role},"
    " content {text}, tool_calls {json}, tool_call_id {name}, metadata {json}, created_at {float},"
    " SHARD KEY (session_id), SORT KEY (session_id, seq), UNIQUE KEY {messages_key} (session_id, id) USING HASH,"
    " KEY {message_order} (seq) USING HASH",
    foreign_key="",
    number_messages="unless {messages_plain}.seq: REFUSE the tables {sessions_plain} and {messages_plain} were made by"
    " PraisonAI and cannot be changed in place, so give this store another table_prefix and copy each session",
)
"""SingleStore 8 or newer: columnstore, no foreign keys, no lock for the schema. Not run against the real engine."""
