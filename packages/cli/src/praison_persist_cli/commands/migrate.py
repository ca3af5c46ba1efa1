"""``migrate``: the schema of SQL stores."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import asdict
from typing import Any

import typer

from praison_persist.health import SchemaStatus

from ..command import command
from ..failures import USAGE, Failure
from ..output import Output
from ..targets import BACKEND, CONVERSATION_URL, KIND, OPTION, STATE_URL, Target, chosen

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(
        help="Look at and change the schema of SQL stores.", no_args_is_help=True, rich_markup_mode=None
    )
    for function in (status, plan, up):
        command(group, function)
    app.add_typer(group, name="migrate")


def status(
    output: Output,
    conversation_url: CONVERSATION_URL = None,
    state_url: STATE_URL = None,
    kind: KIND = None,
    backend: BACKEND = None,
    option: OPTION = None,
) -> int:
    """Show the schema versions. Changes nothing; the exit code is 1 if a migration is pending."""
    found = [
        (target, schema) for target, schema, _ in _schemas(_targets(conversation_url, state_url, kind, backend, option))
    ]
    output.document({"command": "migrate status", "stores": [_document(*one) for one in found]})
    for target, schema in found:
        pending = f"{len(schema.pending)} pending: praison-persist migrate plan" if schema.pending else "up to date"
        output.text(f"{target.kind}  {target.label}  tables {schema.prefix}...")
        output.text(f"  version {schema.version} of {schema.latest}, {pending}")
    return 1 if any(schema.pending for _, schema in found) else 0


def plan(
    output: Output,
    conversation_url: CONVERSATION_URL = None,
    state_url: STATE_URL = None,
    kind: KIND = None,
    backend: BACKEND = None,
    option: OPTION = None,
) -> None:
    """Show the SQL that migrate up would run. Changes nothing."""
    found = [
        (target, schema) for target, schema, _ in _schemas(_targets(conversation_url, state_url, kind, backend, option))
    ]
    output.document({"command": "migrate plan", "stores": [_document(*one) for one in found]})
    for target, schema in found:
        output.text(f"-- {target.kind} {target.label}: version {schema.version} of {schema.latest}")
        for migration in schema.pending:
            output.text(f"-- migration {migration.version}: {migration.name}")
            for statement in migration.statements:
                output.text(f"{statement};")
        if not schema.pending:
            output.text("-- nothing to do")


def up(
    output: Output,
    conversation_url: CONVERSATION_URL = None,
    state_url: STATE_URL = None,
    kind: KIND = None,
    backend: BACKEND = None,
    option: OPTION = None,
) -> None:
    """Apply what is pending. Other processes wait meanwhile; a failure leaves the old tables."""
    output.resume = "each store has its old or its new tables; run the same command again"
    results: list[dict[str, Any]] = []
    for target, before, store in _schemas(_targets(conversation_url, state_url, kind, backend, option), create=True):
        if before.pending:
            store.setup()
        after = store.health().schema or before
        applied = [m.version for m in before.pending]
        results.append({**_document(target, after), "applied": applied})
        output.text(f"{target.kind}  {target.label}  tables {after.prefix}...")
        did = f"applied {', '.join(map(str, applied))}" if applied else "nothing to do"
        output.text(f"  {did}; version {after.version} of {after.latest}")
    output.document({"command": "migrate up", "stores": results})


def _targets(
    conversation_url: str | None, state_url: str | None, kind: str | None, backend: str | None, option: list[str] | None
) -> list[Target]:
    found = [t for t in chosen(conversation_url, None, state_url, kind, backend, option) if t.kind != "knowledge"]
    if not found:
        raise Failure(
            "no SQL store is named",
            hint="give --conversation-url or --state-url, or set PRAISONAI_CONVERSATION_URL or PRAISONAI_STATE_URL",
            code=USAGE,
        )
    return found


def _schemas(targets: list[Target], *, create: bool = False) -> Generator[tuple[Target, SchemaStatus, Any]]:
    for target in targets:
        with target.open(create=create) as store:
            schema = store.health().schema
            if schema is None:
                raise Failure(
                    f"{target.label} has no schema: the {store.backend} backend keeps no SQL tables of a version",
                    hint="there is nothing to migrate; name an SQL store",
                )
            yield target, schema, store


def _document(target: Target, schema: SchemaStatus) -> dict[str, Any]:
    return {"kind": target.kind, "store": target.label, **asdict(schema)}
