"""The schema's history: ordered, checksummed migrations that bring any older layout to the present one.

A fresh database takes the same path as an old one, so both end alike. All of it runs in one transaction under the
engine's lock: processes that race agree, and a failure leaves the old layout. Where DDL commits at once, every step can
be repeated instead.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from ..errors import MigrationError, OperationTimeoutError
from ..health import PendingMigration, SchemaStatus
from .operation import Statement, Steps, operation
from .tables import Tables

__all__ = ["Migration", "Migrator", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """One statement of a migration, or one warning.

    Attributes:
        sql: a template over the fields of `Migrator.fields`.
        warning: logged instead of executing anything; a template too.
        refusal: the text of a `MigrationError` instead; a template too.
        unless: skip where this ``table`` or ``table.column`` exists (plain names, templates too).
        only_if: skip where this ``table`` or ``table.column`` does not exist.
    """

    sql: str = ""
    unless: str | None = None
    only_if: str | None = None
    warning: str | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Migration:
    """One version of the schema, and how to get there from the one before."""

    version: int
    name: str
    steps: Sequence[Step]

    @property
    def checksum(self) -> str:
        """Changes when a released migration is edited, which must never happen."""
        text = "\n".join(f"{s.sql}|{s.unless}|{s.only_if}" for s in self.steps)
        return hashlib.sha256(f"{self.version} {self.name}\n{text}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Migrator:
    """Applies a component's migrations to a store's tables and records them in ``<prefix>schema_migrations``."""

    tables: Tables
    component: str
    migrations: Sequence[Migration]
    fields: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def log_columns(self) -> str:
        """The columns of ``<prefix>schema_migrations``, as CREATE TABLE takes them."""
        dialect = self.tables.dialect
        return (
            f"(component {dialect.role_type} NOT NULL, version {dialect.integer_type} NOT NULL,"
            f" name {dialect.role_type} NOT NULL, checksum {dialect.role_type} NOT NULL,"
            f" applied_at {dialect.float_type} NOT NULL, PRIMARY KEY (component, version))"
        )

    @operation(transaction=True)
    def setup(self) -> Steps[list[int]]:
        """Bring the schema up to date; the versions that were applied now.

        Raises:
            MigrationError: the database is newer than this release, or was migrated by different steps.
        """
        dialect, name = self.tables.dialect, (self.tables.schema or "",)
        if dialect.lock_schema:
            held = yield Statement(dialect.render(dialect.lock_schema), name)
            if dialect.unlock_schema and held.rows[0][0] != 1:  # a lock of a session, which may be refused
                raise OperationTimeoutError(
                    "another process has been changing the tables for too long", hint="wait for it, and call again"
                )
        try:
            applied = yield from self._apply()
        except Exception:
            if dialect.unlock_schema:
                with suppress(Exception):  # the first failure is the one to report
                    yield Statement(dialect.render(dialect.unlock_schema), name)
            raise
        if dialect.unlock_schema:
            yield Statement(dialect.render(dialect.unlock_schema), name)
        return applied

    def _apply(self) -> Steps[list[int]]:
        tables, dialect = self.tables, self.tables.dialect
        log = tables.name("schema_migrations")
        if tables.schema is not None and dialect.schema_exists:
            found = yield Statement(dialect.render(dialect.schema_exists), (tables.schema,))
            if not found.rows:
                yield Statement(f"CREATE SCHEMA {dialect.identifier(tables.schema)}")
        if not (yield from self._columns(tables.plain("schema_migrations"))):
            yield Statement(f"CREATE TABLE {log} {self.log_columns}{dialect.table_options}")
        applied = yield from self._applied()
        pending = [migration for migration in self.migrations if migration.version not in applied]
        for migration in pending:
            for step in migration.steps:
                yield from self._step(step)
            yield Statement(
                dialect.render(
                    f"INSERT INTO {log} (component, version, name, checksum, applied_at) VALUES (?,?,?,?,?)"
                ),
                (self.component, migration.version, migration.name, migration.checksum, time.time()),
            )
        return [migration.version for migration in pending]

    @operation(name="setup")
    def pending(self) -> Steps[list[Migration]]:
        """The migrations that `setup` would apply; also checks the ones that were."""
        return (yield from self._pending())

    @operation(name="health")
    def inspect(self) -> Steps[tuple[str, SchemaStatus]]:
        """The server's product and version, and what `setup` would do to these tables."""
        dialect = self.tables.dialect
        said = str((yield Statement(dialect.server_version)).rows[0][0]).partition(" on ")[0]
        pending = yield from self._pending()
        waiting = {migration.version for migration in pending}
        schema = SchemaStatus(
            self.component,
            self.tables.prefix,
            max((m.version for m in self.migrations if m.version not in waiting), default=0),
            self.migrations[-1].version,
            tuple(PendingMigration(m.version, m.name, tuple(map(self._text, m.steps))) for m in pending),
        )
        return (f"{dialect.name} {said}" if said[:1].isdigit() else said), schema

    @operation(name="setup")
    def check(self) -> Steps[None]:
        """See that nothing is pending.

        Raises:
            MigrationError: something is.
        """
        if pending := (yield from self._pending()):
            raise MigrationError(
                f"the {self.component} tables {self.tables.prefix}... lack schema version {pending[-1].version}",
                hint="call setup(), or leave auto_create_tables=True",
            )

    def _pending(self) -> Steps[list[Migration]]:
        if not (yield from self._columns(self.tables.plain("schema_migrations"))):
            return list(self.migrations)
        applied = yield from self._applied()
        return [migration for migration in self.migrations if migration.version not in applied]

    def _applied(self) -> Steps[set[int]]:
        log = self.tables.name("schema_migrations")
        found = yield Statement(
            self.tables.dialect.render(f"SELECT version, checksum FROM {log} WHERE component = ? ORDER BY version"),
            (self.component,),
        )
        known = {migration.version: migration for migration in self.migrations}
        for version, checksum in found.rows:
            if version not in known:
                raise MigrationError(
                    f"the {self.component} tables have schema version {version}, this release knows {max(known)}",
                    hint="upgrade praison-persist and this backend's package",
                )
            if checksum != known[version].checksum:
                raise MigrationError(
                    f"schema migration {version} ({known[version].name}) was applied with other steps than this"
                    f" release has (checksum {checksum}, expected {known[version].checksum})",
                    hint="the tables were changed by a modified release; restore a backup or copy into a new prefix",
                )
        return {version for version, _ in found.rows}

    def _step(self, step: Step) -> Steps[None]:
        if step.only_if and not (yield from self._exists(step.only_if.format(**self.fields))):
            return
        if step.unless and (yield from self._exists(step.unless.format(**self.fields))):
            return
        if step.refusal:
            # Without a lock another process may be making these very tables; a repetition finds them made.
            raise MigrationError(step.refusal.format(**self.fields), retryable=not self.tables.dialect.lock_schema)
        if step.warning:
            import logging  # rarely needed, and slow to import

            logging.getLogger("praison_persist.sql").warning(step.warning.format(**self.fields))
        else:
            yield Statement(step.sql.format(**self.fields))

    def _text(self, step: Step) -> str:
        """The step for a person to read."""
        when = f"-- only if {step.only_if} exists: " if step.only_if else ""
        when += f"-- unless {step.unless} exists: " if step.unless else ""
        return (when + (f"-- warn: {step.warning}" if step.warning else step.sql)).format(**self.fields)

    def _exists(self, name: str) -> Steps[bool]:
        table, _, column = name.partition(".")
        found = yield from self._columns(table)
        return column in found if column else bool(found)

    def _columns(self, table: str) -> Steps[set[str]]:
        dialect = self.tables.dialect
        params = (self.tables.schema, table) if dialect.has_schemas else (table,)
        found = yield Statement(dialect.render(dialect.column_names), params)
        return {row[0] for row in found.rows}
