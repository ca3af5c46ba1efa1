"""The schema's history: ordered, checksummed migrations that bring any older layout to the present one.

A fresh database takes the same path as an old one, so both end alike. All of it runs in one transaction under the
engine's lock: processes that race agree, and a failure leaves the old layout.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import MigrationError
from .operation import Statement, Steps, operation
from .tables import Tables

__all__ = ["Migration", "Migrator", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """One statement of a migration, or one warning.

    Attributes:
        sql: a template over the fields of `Migrator.fields`.
        warning: logged instead of executing anything; a template too.
        unless: skip where this ``table`` or ``table.column`` exists (plain names, templates too).
        only_if: skip where this ``table`` or ``table.column`` does not exist.
    """

    sql: str = ""
    unless: str | None = None
    only_if: str | None = None
    warning: str | None = None


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

    @operation(transaction=True)
    def setup(self) -> Steps[list[int]]:
        """Bring the schema up to date; the versions that were applied now.

        Raises:
            MigrationError: the database is newer than this release, or was migrated by different steps.
        """
        tables, dialect = self.tables, self.tables.dialect
        log = tables.name("schema_migrations")
        if dialect.lock_schema:
            yield Statement(dialect.render(dialect.lock_schema), (tables.schema or "",))
        if tables.schema is not None and dialect.schema_exists:
            found = yield Statement(dialect.render(dialect.schema_exists), (tables.schema,))
            if not found.rows:
                yield Statement(f"CREATE SCHEMA {dialect.identifier(tables.schema)}")
        if not (yield from self._columns(tables.plain("schema_migrations"))):
            yield Statement(
                f"CREATE TABLE {log} (component {dialect.role_type} NOT NULL, version {dialect.integer_type} NOT NULL,"
                f" name {dialect.role_type} NOT NULL, checksum {dialect.role_type} NOT NULL,"
                f" applied_at {dialect.float_type} NOT NULL, PRIMARY KEY (component, version))"
            )
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
        if step.warning:
            import logging  # rarely needed, and slow to import

            logging.getLogger("praison_persist.sql").warning(step.warning.format(**self.fields))
        else:
            yield Statement(step.sql.format(**self.fields))

    def _exists(self, name: str) -> Steps[bool]:
        table, _, column = name.partition(".")
        found = yield from self._columns(table)
        return column in found if column else bool(found)

    def _columns(self, table: str) -> Steps[set[str]]:
        dialect = self.tables.dialect
        params = (self.tables.schema, table) if dialect.has_schemas else (table,)
        found = yield Statement(dialect.render(dialect.column_names), params)
        return {row[0] for row in found.rows}
