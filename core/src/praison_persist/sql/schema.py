"""The tables of the SQL stores, as migrations from PraisonAI's layouts to ours.

PraisonAI writes ``<prefix>sessions`` and ``<prefix>messages``; its async stores once used the prefix ``praisonai_`` and
lacked ``state``, ``tool_calls`` and ``tool_call_id``. Version 1 is its present layout, version 2 adds the order of
insertion and makes message ids unique per session.
"""

from __future__ import annotations

from .migrations import Migration, Migrator, Step
from .tables import DEFAULT_PREFIX, Tables

__all__ = ["OLD_PREFIX", "conversation_migrator", "state_migrator"]

OLD_PREFIX = "praisonai_"
"""Prefix of PraisonAI's async stores before its PR 1597; adopted where the store uses the default prefix."""


def conversation_migrator(tables: Tables) -> Migrator:
    """Migrations of the conversation tables."""
    dialect = tables.dialect
    fields = {
        "sessions": tables.name("sessions"),
        "messages": tables.name("messages"),
        "new_messages": tables.name("messages_new"),
        "sessions_plain": tables.plain("sessions"),
        "messages_plain": tables.plain("messages"),
        "sessions_name": dialect.identifier(tables.plain("sessions")),
        "messages_name": dialect.identifier(tables.plain("messages")),
        "messages_key": dialect.identifier(f"{tables.plain('messages')}_pkey"),
        "old_messages_key": dialect.identifier(f"{OLD_PREFIX}messages_pkey"),
        "message_order": tables.index("messages", "order"),
        "sessions_user": tables.index("sessions", "user"),
        "sessions_agent": tables.index("sessions", "agent"),
        "sessions_updated": tables.index("sessions", "updated"),
        "old_sessions_plain": f"{OLD_PREFIX}sessions",
        "old_messages_plain": f"{OLD_PREFIX}messages",
        "old_sessions": Tables(dialect, OLD_PREFIX, tables.schema).name("sessions"),
        "old_messages": Tables(dialect, OLD_PREFIX, tables.schema).name("messages"),
        "id": dialect.id_type,
        "role": dialect.role_type,
        "text": dialect.text_type,
        "json": dialect.json_type,
        "float": dialect.float_type,
        "options": dialect.table_options,
    }
    adopt = _adopt_old_prefix() if tables.prefix == DEFAULT_PREFIX else ()
    return Migrator(
        tables,
        "conversation",
        (
            Migration(1, "PraisonAI's tables", (*adopt, *_praisonai_tables())),
            Migration(2, "insertion order", (*_adopt_orphans(), *_statements(dialect.number_messages))),
        ),
        fields,
    )


def _adopt_old_prefix() -> tuple[Step, ...]:
    return tuple(
        Step(
            f"ALTER TABLE {{old_{table}}} RENAME TO {{{table}_name}}",
            only_if=f"{{old_{table}_plain}}",
            unless=f"{{{table}_plain}}",
        )
        for table in ("sessions", "messages")
    )


def _praisonai_tables() -> tuple[Step, ...]:
    added = [("sessions", name, type_) for name, type_ in (("state", "json"), ("metadata", "json"), ("name", "id"))]
    added += [
        ("messages", name, type_)
        for name, type_ in (("tool_calls", "json"), ("tool_call_id", "id"), ("metadata", "json"))
    ]
    return (
        Step(
            "CREATE TABLE {sessions} (session_id {id} PRIMARY KEY NOT NULL, user_id {id}, agent_id {id}, name {id},"
            " state {json}, metadata {json}, created_at {float}, updated_at {float}){options}",
            unless="{sessions_plain}",
        ),
        Step(
            "CREATE TABLE {messages} (id {id} PRIMARY KEY NOT NULL, session_id {id} NOT NULL"
            " REFERENCES {sessions} (session_id) ON DELETE CASCADE, role {role}, content {text}, tool_calls {json},"
            " tool_call_id {id}, metadata {json}, created_at {float}){options}",
            unless="{messages_plain}",
        ),
        *(
            Step(
                f"ALTER TABLE {{{table}}} ADD COLUMN {name} {{{type_}}}",
                unless=f"{{{table}_plain}}.{name}",
            )
            for table, name, type_ in added
        ),
        Step("CREATE INDEX IF NOT EXISTS {sessions_user} ON {sessions} (user_id)"),
        Step("CREATE INDEX IF NOT EXISTS {sessions_agent} ON {sessions} (agent_id)"),
        Step("CREATE INDEX IF NOT EXISTS {sessions_updated} ON {sessions} (updated_at DESC)"),
    )


def _adopt_orphans() -> tuple[Step, ...]:
    """Stores without foreign keys kept messages of no session; they get one rather than get lost."""
    return (
        Step(
            "INSERT INTO {sessions} (session_id, created_at, updated_at) SELECT session_id, MIN(created_at),"
            " MAX(created_at) FROM {messages} WHERE session_id NOT IN (SELECT session_id FROM {sessions})"
            " GROUP BY session_id"
        ),
    )


def _statements(script: str) -> tuple[Step, ...]:
    """The statements of a template, one step each."""
    return tuple(Step(" ".join(statement.split())) for statement in script.split(";"))


def state_migrator(tables: Tables) -> Migrator:
    """Migrations of the state tables: one row per key, and one per field of a hash."""
    dialect = tables.dialect
    fields = {
        "state": tables.name("state"),
        "state_fields": tables.name("state_fields"),
        "expiring": tables.index("state", "expires"),
        "key": dialect.key_type,
        "text": dialect.text_type,
        "integer": dialect.integer_type,
        "float": dialect.float_type,
        "options": dialect.table_options,
    }
    steps = (
        Step(
            "CREATE TABLE {state} (state_key {key} PRIMARY KEY NOT NULL, is_hash {integer} NOT NULL, value {text},"
            " expires_at {float}){options}"
        ),
        Step(
            "CREATE TABLE {state_fields} (state_key {key} NOT NULL REFERENCES {state} (state_key) ON DELETE CASCADE,"
            " field {key} NOT NULL, value {text} NOT NULL, PRIMARY KEY (state_key, field)){options}"
        ),
        Step("CREATE INDEX {expiring} ON {state} (expires_at)"),
    )
    return Migrator(tables, "state", (Migration(1, "values and hashes", steps),), fields)
