"""Makes the tables of conversations, and numbers the records that PraisonAI left in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from surrealdb import RecordID

from praison_persist.errors import ConfigurationError, MigrationError

from .engine import define_database
from .errors import ThrownError
from .layout import Layout
from .location import Location

__all__ = ["check", "migrate"]

VERSION = 1

Run = Callable[..., Any]


def check(run: Run, layout: Layout) -> None:
    """See that the tables are there and not newer than this release.

    Raises:
        MigrationError: they are not.
    """
    try:
        version = _version(run, layout)
    except ConfigurationError:
        version = None
    if version != VERSION:
        raise MigrationError(
            f"the tables {layout.prefix}... are not there, or not of version {VERSION}",
            hint="call setup() once, or leave auto_create_tables=True",
        )


def migrate(run: Run, layout: Layout, location: Location) -> None:
    """Make what is missing; any number of processes may do so at once.

    Raises:
        MigrationError: a newer release wrote these tables.
    """
    define_database(run, location)
    for table in (layout.meta, layout.sessions, layout.sequences, layout.messages):
        run(f"DEFINE TABLE IF NOT EXISTS `{table}` SCHEMALESS", {}, write=True)
    version = _version(run, layout)
    if version is not None and version > VERSION:
        raise MigrationError(
            f"the tables {layout.prefix}... are of version {version}; this release knows {VERSION}",
            hint="pip install --upgrade praison-persist-surrealdb",
        )
    if version == VERSION:
        return
    _adopt(run, layout)
    for index, table, columns in (
        ("message_id", layout.messages, "session_id, message_id UNIQUE"),
        ("user_id", layout.sessions, "user_id"),
        ("agent_id", layout.sessions, "agent_id"),
    ):
        run(f"DEFINE INDEX IF NOT EXISTS {index} ON `{table}` FIELDS {columns}", {}, write=True)
    run("UPSERT $schema SET version = $version", {"schema": _schema(layout), "version": VERSION}, write=True)


def _schema(layout: Layout) -> RecordID:
    return RecordID(layout.meta, "schema")


def _version(run: Run, layout: Layout) -> int | None:
    found = run("SELECT VALUE version FROM $schema", {"schema": _schema(layout)})
    return found[0] if found else None


def _adopt(run: Run, layout: Layout) -> None:
    """Give PraisonAI's records the ids of this layout, session by session, each in one transaction."""
    found = run(f"SELECT * FROM `{layout.sessions}` WHERE record::id(id) != session_id ORDER BY updated_at", {})
    strays = run(f"SELECT session_id FROM `{layout.messages}` WHERE seq = NONE GROUP BY session_id", {})
    sessions: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in found:
        sessions[row["session_id"]].append(row)
    for session_id in dict.fromkeys([*sessions, *(row["session_id"] for row in strays)]):
        _adopt_session(run, layout, session_id, sessions[session_id])


def _adopt_session(run: Run, layout: Layout, session_id: str, sessions: list[dict[str, Any]]) -> None:
    messages = run(
        f"SELECT * FROM `{layout.messages}` WHERE session_id = $session_id AND seq = NONE ORDER BY created_at, id",
        {"session_id": session_id},
    )
    # Where PraisonAI made a session twice, its last state counts; messages of no session get one.
    kept = dict(sessions[-1]) if sessions else {"session_id": session_id, "created_at": 0.0, "updated_at": 0.0}
    old = [row.pop("id") for row in [*map(dict, sessions), *messages]]
    kept.pop("id", None)
    rows = [
        {**row, "message_id": str(record.id), "back": back}
        for row, record, back in zip(messages, old[len(sessions) :], reversed(range(len(messages))), strict=True)
    ]
    try:
        run(
            f"""{{
                LET $gone = (DELETE $old RETURN BEFORE);
                IF array::len($gone) != $expected {{ THROW 'praison-persist: adopted by somebody else' }};
                IF (SELECT VALUE id FROM $record) = [] {{ CREATE $record CONTENT $kept RETURN NONE }};
                LET $last = (UPSERT $sequence SET seq = (seq ?? 0) + $count RETURN VALUE seq)[0];
                INSERT INTO `{layout.messages}` (
                    SELECT *, $last - back AS seq, [session_id, back - $last, message_id] AS id OMIT back FROM $rows
                ) RETURN NONE;
            }}""",
            {
                "old": old,
                "expected": len(old),
                "record": layout.session(session_id),
                "kept": kept,
                "sequence": layout.sequence(session_id),
                "count": len(rows),
                "rows": rows,
            },
            write=True,
        )
    except ThrownError:  # another process was faster, with the same result
        return
