"""``backends``: what is installed, what is not, and how to get it."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Any

import typer

from praison_persist.errors import PersistError
from praison_persist.first_party import BACKENDS

from ..command import command
from ..output import Output
from ..targets import KIND, KINDS, REGISTRIES, kind_of
from ..transfer.tally import Advance

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    command(app, backends)


def backends(
    output: Output,
    kind: KIND = None,
    installed: Annotated[bool, typer.Option("--installed", help="Leave out what is not installed.")] = False,
) -> None:
    """List the backends: versions, aliases, URL schemes, and how to install those that are missing."""
    wanted = kind_of(kind)
    kinds = [k for k in KINDS if wanted in (None, k)]
    count = sum(len(REGISTRIES[k].list_registered()) for k in kinds)
    with output.progress("import", "backends", count) as advance:  # every driver: with all of them it takes seconds
        found = [entry for k in kinds for entry in _of_kind(k, advance)]
    shown = [entry for entry in found if entry["installed"] or not installed]
    output.document({"command": "backends", "backends": shown})
    for k in KINDS:
        rows = [_row(entry) for entry in shown if entry["kind"] == k]
        if rows:
            output.text(f"{k}")
            output.table(("name", "status", "also", "schemes"), rows)
            output.text()
    for entry in shown:
        if entry["installed"] and not entry["available"]:
            output.text(f"{entry['kind']} {entry['name']}: {entry['problem']}")
            output.text(f"  Next: {entry['hint']}")
    missing = sorted({entry["hint"] for entry in shown if not entry["installed"]})
    if missing:
        output.text(f"Not installed: {'; '.join(missing)}")


def _of_kind(kind: str, advance: Advance) -> list[dict[str, Any]]:
    registry = REGISTRIES[kind]
    entries: list[dict[str, Any]] = []
    for name in registry.list_registered():
        about = registry.describe(name)
        problem, hint = about.problem, None
        try:
            registry.resolve(name)
        except PersistError as error:
            problem, hint = error.message, error.hint
        advance(1)
        entries.append(
            {
                "kind": kind,
                "name": name,
                "installed": True,
                "available": problem is None,
                "distribution": about.distribution,
                "version": about.version,
                "aliases": list(about.aliases),
                "schemes": list(about.schemes),
                "problem": problem,
                "hint": hint,
            }
        )
    known = set(registry.list_all_names())
    missing: defaultdict[str, list[str]] = defaultdict(list)
    for name, distribution in BACKENDS[kind].items():
        if name not in known:
            missing[distribution].append(name)
    for distribution, names in missing.items():
        entries.append(
            {
                "kind": kind,
                "name": names[0],
                "installed": False,
                "available": False,
                "distribution": distribution,
                "version": None,
                "aliases": names[1:],
                "schemes": [],
                "problem": f"{distribution} is not installed",
                "hint": f"pip install {distribution}",
            }
        )
    return entries


def _row(entry: dict[str, Any]) -> tuple[str, str, str, str]:
    if entry["available"]:
        status = f"{(entry['distribution'] or 'registered').removeprefix('praison-persist-')} {entry['version'] or ''}"
    else:
        status = "broken, see below" if entry["installed"] else "not installed"
    return entry["name"], status.strip(), ", ".join(entry["aliases"]), ", ".join(entry["schemes"])
