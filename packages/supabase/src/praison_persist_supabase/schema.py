"""The SQL that a project's owner runs once: core's tables, the functions that the store calls, and who may call them.

Text only: nothing is executed here. The tables are those of the postgres store, migrations and all, so that it opens
them too.
"""
# ruff: noqa: S608 - the names are checked and quoted by Tables, literals by _literal

from __future__ import annotations

from importlib.resources import files

from praison_persist.sql import POSTGRES, Tables
from praison_persist.sql.migrations import Migrator, Step
from praison_persist.sql.rows import MESSAGE_COLUMNS, SESSION_COLUMNS, columns
from praison_persist.sql.schema import conversation_migrator
from praison_persist.validation import check_identifier

__all__ = ["CALLS", "VERSION", "function", "schema_sql"]

VERSION = 1
"""Part of the functions' names: a store never calls functions whose arguments mean something else."""

CALLS = (
    "create_session(json)",
    "update_session(json)",
    "upsert_session(json)",
    "get_session(text)",
    "delete_session(text)",
    "list_sessions(text, text, bigint, bigint)",
    "add_messages(text, json, json)",
    "get_messages(text, bigint, double precision, double precision)",
    "page_messages(text, bigint, bigint)",
    "delete_messages(text, json)",
)


def function(prefix: str, name: str) -> str:
    """The unquoted name of a function in the database."""
    return f"{prefix}v{VERSION}_{name}"


def schema_sql(prefix: str, schema: str, role: str) -> str:
    """A script that creates or brings up to date what the store needs; running it again changes nothing.

    Args:
        prefix: start of the names of tables and functions.
        schema: where they live; the Data API must expose it.
        role: the only role that may use them.

    Raises:
        InvalidInputError: a name that is not a plain identifier.
    """
    tables = Tables(POSTGRES, prefix, schema)
    quoted_role = POSTGRES.identifier(check_identifier(role, "role"))
    names = {
        "schema": POSTGRES.identifier(schema),
        "sessions": tables.name("sessions"),
        "messages": tables.name("messages"),
        "session_columns": ", ".join(SESSION_COLUMNS),
        "message_columns": ", ".join(MESSAGE_COLUMNS),
        "session_row": f"json_build_array({columns(POSTGRES, SESSION_COLUMNS)})",
        "message_row": f"json_build_array({columns(POSTGRES, MESSAGE_COLUMNS)})",
        "v": f"{prefix}v{VERSION}_",
    }
    functions = files("praison_persist_supabase").joinpath("functions.sql").read_text(encoding="utf-8")
    for name, text in names.items():
        functions = functions.replace(f"<{name}>", text)
    return "\n".join(
        [
            f"-- praison-persist: tables {prefix}... and functions {prefix}v{VERSION}_... for the role {role}.",
            "BEGIN;",
            *_migrations(conversation_migrator(tables)),
            functions.strip(),
            *_rights(tables, prefix, quoted_role),
            "COMMIT;",
            "NOTIFY pgrst, 'reload schema';",
            "",
        ]
    )


def _migrations(migrator: Migrator) -> list[str]:
    tables = migrator.tables
    log = tables.name("schema_migrations")
    lines = [
        f"SELECT pg_advisory_xact_lock(7090271, hashtext({_literal(tables.schema or '')}));",
        f"CREATE SCHEMA IF NOT EXISTS {POSTGRES.identifier(tables.schema or '')};",
        f"CREATE TABLE IF NOT EXISTS {log} {migrator.log_columns};",
    ]
    for migration in migrator.migrations:
        key = f"component = {_literal(migrator.component)} AND version = {migration.version}"
        values = ", ".join(
            [
                _literal(migrator.component),
                str(migration.version),
                _literal(migration.name),
                _literal(migration.checksum),
                "extract(epoch FROM clock_timestamp())",
            ]
        )
        lines += [
            "DO $praison$ BEGIN",
            f"IF NOT EXISTS (SELECT 1 FROM {log} WHERE {key}) THEN",
            *(_step(migrator, step) for step in migration.steps),
            f"INSERT INTO {log} (component, version, name, checksum, applied_at) VALUES ({values});",
            "END IF;",
            "END $praison$;",
        ]
    return lines


def _step(migrator: Migrator, step: Step) -> str:
    fields = migrator.fields
    if step.warning:
        action = f"RAISE WARNING '%', {_literal(step.warning.format(**fields))};"
    else:
        action = f"EXECUTE {_literal(step.sql.format(**fields))};"
    for word, name in (("", step.only_if), ("NOT ", step.unless)):
        if name is not None:
            action = f"IF {word}{_exists(migrator.tables, name.format(**fields))} THEN {action} END IF;"
    return action


def _exists(tables: Tables, name: str) -> str:
    """Whether a ``table`` or ``table.column`` is there."""
    table, _, column = name.partition(".")
    query = POSTGRES.column_names
    for value in (tables.schema or "", table):
        query = query.replace("?", _literal(value), 1)
    return f"EXISTS ({query}{f' AND attname = {_literal(column)}' if column else ''})"


def _rights(tables: Tables, prefix: str, role: str) -> list[str]:
    """Supabase gives its public roles everything that is new in ``public``; take it back."""
    schema = POSTGRES.identifier(tables.schema or "")
    functions = [f"{schema}.{_quoted_call(function(prefix, call))}" for call in CALLS]
    own = [tables.name("sessions"), tables.name("messages")]
    every = [*own, tables.name("schema_migrations")]
    lines = [f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;" for table in every]
    revokes = [f"REVOKE ALL ON {', '.join(every)} FROM %I", f"REVOKE ALL ON FUNCTION {', '.join(functions)} FROM %I"]
    lines += [
        *(f"{revoke.replace('%I', 'PUBLIC')};" for revoke in revokes),
        "DO $praison$ DECLARE open_to name; BEGIN",
        "FOR open_to IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated') LOOP",
        *(f"EXECUTE format({_literal(revoke)}, open_to);" for revoke in revokes),
        "END LOOP;",
        "END $praison$;",
        f"GRANT USAGE ON SCHEMA {schema} TO {role};",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(own)} TO {role};",
        f"GRANT EXECUTE ON FUNCTION {', '.join(functions)} TO {role};",
    ]
    for table in own:
        lines += [
            f"DROP POLICY IF EXISTS praison_persist ON {table};",
            f"CREATE POLICY praison_persist ON {table} TO {role} USING (true) WITH CHECK (true);",
        ]
    return lines


def _quoted_call(call: str) -> str:
    name, _, arguments = call.partition("(")
    return f"{POSTGRES.identifier(name)}({arguments}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
