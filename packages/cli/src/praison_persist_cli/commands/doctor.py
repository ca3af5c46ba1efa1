"""``doctor``: whether every configured store answers, and what is wrong with the installation."""

from __future__ import annotations

import threading
from dataclasses import asdict
from time import perf_counter
from typing import Annotated, Any

import typer

from praison_persist.discovery import catalogue
from praison_persist.health import StoreHealth

from ..command import command
from ..failures import FAILED, USAGE, Failure, as_failure, cleaned
from ..output import Output, duration
from ..targets import (
    BACKEND,
    CONVERSATION_URL,
    KIND,
    KINDS,
    KNOWLEDGE_URL,
    OPTION,
    REGISTRIES,
    STATE_URL,
    Target,
    chosen,
)

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    command(app, doctor)


def doctor(
    output: Output,
    conversation_url: CONVERSATION_URL = None,
    knowledge_url: KNOWLEDGE_URL = None,
    state_url: STATE_URL = None,
    kind: KIND = None,
    backend: BACKEND = None,
    option: OPTION = None,
    timeout: Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="To wait for one store.")] = 10.0,
) -> int:
    """Check every store that is given or configured, and the installed backends.

    Nothing is created or changed. The exit code is 1 if a store does not answer, or answers with a problem.
    """
    if not timeout > 0:
        raise Failure(f"--timeout {timeout}: it has to be above 0 seconds", hint="--timeout 10", code=USAGE)
    targets = chosen(conversation_url, knowledge_url, state_url, kind, backend, option)
    plugins = [problem for k in KINDS for problem in _plugins(k)]
    stores: list[dict[str, Any]] = []
    for target in targets:
        found = _check(target, timeout)
        stores.append(found)
        _show(output, target, found)
    for plugin in plugins:
        output.text(f"{'FAIL' if plugin['conflict'] else 'warn'}  {plugin['message']}")
        output.text(f"      Next: {plugin['hint']}")
    bad = sum(not store["ok"] for store in stores) + sum(plugin["conflict"] for plugin in plugins)
    output.document({"command": "doctor", "ok": not bad and bool(stores), "stores": stores, "plugins": plugins})
    if not targets:
        raise Failure(
            "no store was checked, since none is named",
            hint="give --conversation-url, --knowledge-url or --state-url, or set PRAISONAI_CONVERSATION_URL ...",
        )
    output.text(f"{len(stores) - sum(not s['ok'] for s in stores)} of {len(stores)} stores are well")
    return FAILED if bad else 0


def _check(target: Target, timeout: float) -> dict[str, Any]:
    """What is known of one store; always an answer, within the time."""
    found: dict[str, Any] = {"kind": target.kind, "store": target.label, "ok": False}

    def ask() -> None:
        try:
            wanted = {"max_retries": 0, "connect_timeout": timeout, "timeout": timeout, "auto_create_extension": False}
            with target.open(**wanted) as store:
                start = perf_counter()
                store.health()
                first = perf_counter() - start
                start = perf_counter()
                health: StoreHealth = store.health()
                found["answer"] = health, first, perf_counter() - start
        except BaseException as error:
            found["failure"] = error

    asking = threading.Thread(target=ask, daemon=True, name="doctor")  # a driver may wait longer than it was told to
    asking.start()
    # To its end: a process that exits while a driver written in C++ cleans up in a thread is aborted.
    asking.join(timeout + 1)
    if asking.is_alive():
        late = Failure(
            f"no answer within {timeout:g} s", hint="is the address right, and the server up? raise --timeout"
        )
        return {"kind": target.kind, "store": target.label, "ok": False, **late.document()}
    if "failure" in found:
        failure = as_failure(found.pop("failure"))
        return {**found, **failure.document()}
    health, first, latency = found.pop("answer")
    found.update(asdict(health), connect_seconds=round(first, 6), latency_seconds=round(latency, 6))
    found["warnings"] = list(health.warnings)
    if health.schema is not None and health.schema.pending:
        found["warnings"].append(_pending(target, health))
    found["ok"] = not found["warnings"]
    return found


def _pending(target: Target, health: StoreHealth) -> str:
    schema = health.schema
    assert schema is not None  # noqa: S101 - for the type checker
    return (
        f"the {schema.component} tables have schema version {schema.version} of {schema.latest}:"
        f" praison-persist migrate up {target.flag}"
    )


def _show(output: Output, target: Target, found: dict[str, Any]) -> None:
    output.text(f"{'ok  ' if found['ok'] else 'FAIL'}  {target.kind}  {target.label}")
    error = found.get("error")
    if error is not None:
        output.fields((("problem", error["message"]), ("next", error["hint"])), indent="      ")
        return
    schema = found["schema"]
    pairs: list[tuple[str, object]] = [
        ("backend", found["backend"]),
        ("server", found["server"]),
        ("driver", found["driver"]),
        ("latency", f"{duration(found['latency_seconds'])} (first call {duration(found['connect_seconds'])})"),
        ("schema", schema and f"version {schema['version']} of {schema['latest']}, tables {schema['prefix']}..."),
        ("pool", found["pool"]),
        ("pooler", found["pooler"]),
    ]
    pairs += [("problem", warning) for warning in found["warnings"]]
    output.fields(pairs, indent="      ")


def _plugins(kind: str) -> list[dict[str, Any]]:
    """Names that several distributions claim, and plugins whose metadata says that they will not work.

    Imports none of them, which takes half a minute where many drivers are installed: `backends` does that.
    """
    registry = REGISTRIES[kind]
    problems: list[dict[str, Any]] = []
    installed = catalogue(f"praisonai.{kind}_stores")
    for what, claims in (("name", installed.backends), ("alias", installed.aliases), ("scheme", installed.schemes)):
        for name, entries in sorted(claims.items()):
            meanings = {entry.value.casefold() for entry in entries}
            owners = sorted({entry.distribution for entry in entries})
            if len(owners) > 1 and (what == "name" or len(meanings) > 1):
                message = f"{kind} {what} {name!r} is claimed by {' and '.join(owners)}"
                problems.append(_problem(kind, name, message, f"pip uninstall {' or '.join(owners)}", conflict=True))
    for name in registry.list_registered():
        if len(installed.backends.get(name, ())) > 1:
            continue
        if problem := registry.describe(name).problem:
            message = f"{kind} {name}: {problem}"
            problems.append(_problem(kind, name, message, "praison-persist backends", conflict=False))
    return problems


def _problem(kind: str, name: str, message: str, hint: str, *, conflict: bool) -> dict[str, Any]:
    return {"kind": kind, "name": name, "message": cleaned(message), "hint": hint, "conflict": conflict}
