"""The tables of the SQL stores, as migrations from PraisonAI's layouts to ours.

PraisonAI writes ``<prefix>sessions`` and ``<prefix>messages``; its async stores once used the prefix ``praisonai_`` and
lacked ``state``, ``tool_calls`` and ``tool_call_id``. Version 1 is its present layout, version 2 adds the order of
insertion and makes message ids unique per session.
"""

from __future__ import annotations

import re

from .dialect import Dialect
from .migrations import Migration, Migrator, Step
from .tables import DEFAULT_PREFIX, Tables

__all__ = ["OLD_PREFIX", "conversation_migrator", "state_migrator"]

OLD_PREFIX = "praisonai_"
"""Prefix of PraisonAI's async stores before its PR 1597; adopted where the store uses the default prefix."""


_SESSION_INDEXES = ("sessions_user", "sessions_agent", "sessions_updated")
_SUPERSEDED_INDEXES = ("messages_session", "messages_created")
"""PraisonAI's, which the index of migration 2 makes useless."""


def conversation_migrator(tables: Tables) -> Migrator:
    """Migrations of the conversation tables."""
    dialect = tables.dialect
    old = Tables(dialect, OLD_PREFIX, tables.schema)
    fields = {
        "sessions": tables.name("sessions"),
        "messages": tables.name("messages"),
        "new_sessions": tables.name("sessions_new"),
        "new_messages": tables.name("messages_new"),
        "former_sessions": tables.name("sessions_former"),
        "former_messages": tables.name("messages_former"),
        "sessions_plain": tables.plain("sessions"),
        "messages_plain": tables.plain("messages"),
        "sessions_name": dialect.identifier(tables.plain("sessions")),
        "messages_name": dialect.identifier(tables.plain("messages")),
        "messages_key": dialect.identifier(f"{tables.plain('messages')}_pkey"),
        "messages_foreign_key": dialect.identifier(f"{tables.plain('messages')}_session_id_fkey"),
        "old_messages_key": dialect.identifier(f"{OLD_PREFIX}messages_pkey"),
        "old_messages_foreign_key": dialect.identifier(f"{OLD_PREFIX}messages_session_id_fkey"),
        "message_order": tables.index("messages", "order"),
        **{name: tables.index(*name.split("_")) for name in _SESSION_INDEXES},
        **{name: tables.existing_index(*name.split("_")) for name in _SUPERSEDED_INDEXES},
        **{f"old_{name}": old.existing_index(*name.split("_")) for name in (*_SESSION_INDEXES, *_SUPERSEDED_INDEXES)},
        "old_prefix": OLD_PREFIX,
        "old_sessions_plain": old.plain("sessions"),
        "old_messages_plain": old.plain("messages"),
        "old_sessions": old.name("sessions"),
        "old_messages": old.name("messages"),
        "id": dialect.id_type,
        "name": dialect.name_type,
        "role": dialect.role_type,
        "text": dialect.text_type,
        "json": dialect.json_type,
        "float": dialect.float_type,
        "options": dialect.table_options,
    }
    fields["sessions_layout"] = dialect.sessions_layout.format(**fields)
    fields["messages_layout"] = dialect.messages_layout.format(**fields)
    fields["foreign_key"] = dialect.foreign_key.format(**fields, parent=fields["sessions"])
    fields["new_foreign_key"] = dialect.foreign_key.format(**fields, parent=fields["new_sessions"])
    migrates = "REFUSE" not in dialect.number_messages
    adopt = _adopt_old_prefix(dialect) if migrates and tables.prefix == DEFAULT_PREFIX else ()
    orphans = _adopt_orphans() if migrates else ()
    return Migrator(
        tables,
        "conversation",
        (
            Migration(1, "PraisonAI's tables", (*adopt, *_praisonai_tables(dialect, complete=migrates))),
            Migration(
                2,
                "insertion order",
                (*orphans, *_drop_superseded(dialect), *_statements(dialect.number_messages)),
            ),
        ),
        fields,
    )


def _adopt_old_prefix(dialect: Dialect) -> tuple[Step, ...]:
    """Rename PraisonAI's older tables, without their indexes, which would keep their names."""
    steps: list[Step] = []
    named = () if dialect.sessions_layout else (*_SESSION_INDEXES, *_SUPERSEDED_INDEXES)
    for table in ("sessions", "messages"):
        where = {"only_if": f"{{old_{table}_plain}}", "unless": f"{{{table}_plain}}"}
        indexes = [name for name in named if name.startswith(table)]
        steps += [Step(f"DROP INDEX IF EXISTS {{old_{name}}}", **where) for name in indexes]
        steps.append(Step(f"ALTER TABLE {{old_{table}}} RENAME TO {{{table}_name}}", **where))
    both = (
        "both {sessions_plain} and {old_sessions_plain} exist: what PraisonAI's older async stores wrote to the latter"
        ' is not visible here. Open it with table_prefix="{old_prefix}"; to bring it over, read each session there and'
        " write it here with create_session and add_messages"
    )
    return (*steps, Step(warning=both, only_if="{old_sessions_plain}"))


def _praisonai_tables(dialect: Dialect, *, complete: bool) -> tuple[Step, ...]:
    added = [("sessions", name, type_) for name, type_ in (("state", "json"), ("metadata", "json"), ("name", "name"))]
    added += [
        ("messages", name, type_)
        for name, type_ in (("tool_calls", "json"), ("tool_call_id", "name"), ("metadata", "json"))
    ]
    columns = tuple(
        Step(
            f"ALTER TABLE {{{table}}} ADD COLUMN {name} {{{type_}}}",
            unless=f"{{{table}_plain}}.{name}",
        )
        for table, name, type_ in added
    )
    if dialect.sessions_layout:
        rest = Step(
            # What PraisonAI did not get to; a foreign key would not fit its sessions.
            "CREATE TABLE {messages} (id {id} PRIMARY KEY, session_id {id}, role {role}, content {text},"
            " created_at {float})",
            only_if="{sessions_plain}",
            unless="{messages_plain}",
        )
        return (
            # Where they are not migrated, these sessions may be those that another process is just making.
            *((rest,) if complete else ()),
            Step("CREATE TABLE {sessions} ({sessions_layout}){options}", unless="{sessions_plain}"),
            Step("CREATE TABLE {messages} ({messages_layout}{foreign_key}){options}", unless="{messages_plain}"),
            *columns,
        )
    return (
        Step(
            "CREATE TABLE {sessions} (session_id {id} PRIMARY KEY, user_id {name}, agent_id {name}, name {name},"
            " state {json}, metadata {json}, created_at {float}, updated_at {float}){options}",
            unless="{sessions_plain}",
        ),
        Step(
            "CREATE TABLE {messages} (id {id} PRIMARY KEY, session_id {id} NOT NULL"
            " REFERENCES {sessions} (session_id) ON DELETE CASCADE, role {role}, content {text}, tool_calls {json},"
            " tool_call_id {name}, metadata {json}, created_at {float}){options}",
            unless="{messages_plain}",
        ),
        *columns,
        Step("CREATE INDEX IF NOT EXISTS {sessions_user} ON {sessions} (user_id)"),
        Step("CREATE INDEX IF NOT EXISTS {sessions_agent} ON {sessions} (agent_id)"),
        Step("CREATE INDEX IF NOT EXISTS {sessions_updated} ON {sessions} (updated_at DESC)"),
    )


def _adopt_orphans() -> tuple[Step, ...]:
    """Stores without foreign keys kept messages of no session; they get one rather than get lost."""
    return (
        Step(
            "INSERT INTO {sessions} (session_id, created_at, updated_at) SELECT COALESCE(session_id, id),"
            " MIN(created_at), MAX(created_at) FROM {messages} m WHERE NOT EXISTS (SELECT 1 FROM {sessions} s"
            " WHERE s.session_id = COALESCE(m.session_id, m.id)) GROUP BY COALESCE(session_id, id)"
        ),
        Step("UPDATE {messages} SET session_id = id WHERE session_id IS NULL"),
    )


def _drop_superseded(dialect: Dialect) -> tuple[Step, ...]:
    if dialect.sessions_layout:
        return ()
    return tuple(Step(f"DROP INDEX IF EXISTS {{{name}}}") for name in _SUPERSEDED_INDEXES)


def _statements(script: str) -> tuple[Step, ...]:
    """The statements of a template, one step each; for their conditions see `Dialect.number_messages`."""
    steps: list[Step] = []
    for statement in script.split(";"):
        word, where, sql = _CONDITION.fullmatch(" ".join(statement.split())).groups()  # type: ignore[union-attr]
        refusal = sql.removeprefix("REFUSE ") if sql.startswith("REFUSE ") else None
        steps.append(Step("" if refusal else sql, refusal=refusal, **({word: where} if word else {})))
    return tuple(steps)


_CONDITION = re.compile(r"(?:(unless|only_if) (\S+): )?(.*)")


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
