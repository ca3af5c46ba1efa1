"""``export``, ``import`` and ``copy``."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import IO, Annotated, Any, Literal, cast

import typer

from ..command import command
from ..failures import USAGE, Failure
from ..output import Output, duration
from ..targets import (
    BACKEND,
    CONVERSATION_URL,
    KIND,
    KINDS,
    KNOWLEDGE_URL,
    OPTION,
    STATE_URL,
    Target,
    chosen,
    named,
    one,
)
from ..transfer.conversations import ConversationWriter, OnConflict
from ..transfer.copying import collections_of, copy_conversations, copy_knowledge, copy_state
from ..transfer.exporting import export
from ..transfer.importing import import_lines
from ..transfer.jsonl import read_header, read_lines
from ..transfer.knowledge import KnowledgeWriter
from ..transfer.states import StateWriter
from ..transfer.tally import Tally

__all__ = ["add_to"]

UNITS = {"conversation": "messages", "knowledge": "documents", "state": "keys"}

SESSIONS = Annotated[
    list[str] | None, typer.Option("--session-id", metavar="ID", help="Only this session; may be repeated.")
]
COLLECTIONS = Annotated[
    list[str] | None, typer.Option("--collection", metavar="NAME", help="Only this collection; may be repeated.")
]
NAMESPACES = Annotated[
    list[str] | None,
    typer.Option("--namespace", metavar="NAME", help="The keys of this namespace of a state store; may be repeated."),
]
ON_CONFLICT = Annotated[
    str,
    typer.Option("--on-conflict", metavar="WHAT", help="What is there with other content: error, skip or replace."),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    command(app, export_, "export")
    command(app, import_, "import")
    command(app, copy)


def export_(
    output: Output,
    to: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to write; - is stdout.")] = "-",
    conversation_url: CONVERSATION_URL = None,
    knowledge_url: KNOWLEDGE_URL = None,
    state_url: STATE_URL = None,
    kind: KIND = None,
    backend: BACKEND = None,
    option: OPTION = None,
    session_id: SESSIONS = None,
    collection: COLLECTIONS = None,
    namespace: NAMESPACES = None,
) -> None:
    """Write a store to a file of JSON lines.

    A file appears under its name when it is complete. On stdout come the lines alone, also with --json.
    """
    target = one(chosen(conversation_url, knowledge_url, state_url, kind, backend, option), *KINDS)
    names = _names(target.kind, session_id, collection, namespace)
    output.resume = "the file was not written; run the same command again"
    tally = Tally()
    start = perf_counter()
    with target.open() as store, output.progress("export", UNITS[target.kind]) as advance:
        lines = export(target.kind, store, tally, names, advance)
        if to == "-":
            output.resume = "what was printed is incomplete; run the same command again"
            stream = cast(Any, sys.stdout)
            stream.reconfigure(encoding="utf-8", errors="strict")
            stream.writelines(lines)
            stream.flush()
            return
        with _new_file(Path(to)) as file:
            file.writelines(lines)
    result = {"command": "export", "kind": target.kind, "store": target.label, "file": to, "items": dict(tally.items)}
    output.document({**result, "hash": str(tally.source)})
    output.text(f"{_items(tally)} exported from {target.label} to {to} in {duration(perf_counter() - start)}")


def import_(
    output: Output,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What export wrote; - is stdin.")],
    conversation_url: CONVERSATION_URL = None,
    knowledge_url: KNOWLEDGE_URL = None,
    state_url: STATE_URL = None,
    backend: BACKEND = None,
    option: OPTION = None,
    on_conflict: ON_CONFLICT = "error",
) -> None:
    """Store the content of a file that export wrote.

    A session comes whole or not at all; what is there already with the same content is left alone.
    """
    policy = _policy(on_conflict)
    output.resume = "sessions that were complete are kept; run the same command again for the rest"
    tally = Tally()
    start = perf_counter()
    with _lines(file) as texts:
        lines = read_lines(texts)
        kind = read_header(lines).get("kind")
        if kind not in KINDS:
            raise Failure(f"{file} holds data of kind {kind!r}", hint="pip install --upgrade praison-persist-cli")
        given = {"conversation": conversation_url, "knowledge": knowledge_url, "state": state_url}
        if any(given.values()) and not given[kind]:
            raise Failure(f"{file} holds data of kind {kind}", hint=f"give --{kind}-url", code=USAGE)
        targets = chosen(conversation_url, knowledge_url, state_url, kind, backend, option)
        target = one(targets, cast(Any, kind))
        with target.open(create=True) as store, output.progress("import", UNITS[kind]) as advance:
            import_lines(kind, lines, store, tally, on_conflict=policy, advance=advance)
    output.document({"command": "import", "kind": kind, "store": target.label, "file": file, **tally.document(),
                     "expired": tally.done["expired"]})  # fmt: skip
    output.text(f"{_items(tally)} read from {file} in {duration(perf_counter() - start)}")
    _done(output, tally)


def copy(
    output: Output,
    source: Annotated[str, typer.Argument(metavar="SRC", help="URL or backend name.")],
    destination: Annotated[str, typer.Argument(metavar="DST", help="URL or backend name.")],
    kind: KIND = None,
    src_backend: Annotated[str | None, typer.Option("--src-backend", metavar="NAME", help="Backend of SRC.")] = None,
    dst_backend: Annotated[str | None, typer.Option("--dst-backend", metavar="NAME", help="Backend of DST.")] = None,
    src_option: Annotated[
        list[str] | None, typer.Option("--src-option", metavar="KEY=VALUE", help="Option of SRC; may be repeated.")
    ] = None,
    dst_option: Annotated[
        list[str] | None, typer.Option("--dst-option", metavar="KEY=VALUE", help="Option of DST; may be repeated.")
    ] = None,
    session_id: SESSIONS = None,
    collection: COLLECTIONS = None,
    namespace: NAMESPACES = None,
    on_conflict: ON_CONFLICT = "error",
) -> None:
    """Copy a store into another one of the same kind, of any backend.

    What the destination has is compared and not written again, so the same command goes on after an interruption.
    Everything that is written is read back and compared.
    """
    policy = _policy(on_conflict)
    sides = (("SRC", source, src_backend, src_option), ("DST", destination, dst_backend, dst_option))
    src, dst = named(kind, sides)
    names = _names(src.kind, session_id, collection, namespace)
    if (src.url, src.backend, src.options) == (dst.url, dst.backend, dst.options):
        raise Failure("SRC and DST are the same store", hint="name another destination", code=USAGE)
    output.resume = "what was copied is kept; run the same command again to go on"
    tally = Tally()
    start = perf_counter()
    with src.open() as read, dst.open(create=True) as write:
        total = sum(read.count(name) for name in collections_of(read, names)) if src.kind == "knowledge" else None
        with output.progress(f"copy {src.kind}", UNITS[src.kind], total) as advance:
            _copy(src, read, write, tally, policy, names, advance)
    seconds = perf_counter() - start
    if not tally.verified:  # the writers have compared every unit already
        raise Failure("the destination does not hold what the source does", hint=output.resume)
    count = tally.items[UNITS[src.kind]]
    rates = {what: round(spent / count * 1e6, 1) for what, spent in tally.seconds.items()} if count else {}
    result = {"command": "copy", "kind": src.kind, "source": src.label, "destination": dst.label, **tally.document()}
    output.document({**result, "total_seconds": round(seconds, 3), "microseconds_per_item": rates})
    output.text(f"{_items(tally)} of {src.label} are in {dst.label}")
    _done(output, tally)
    if src.kind == "state" and not names:
        output.note("keys inside namespaces are copied only with --namespace NAME: stores cannot list them")
    if count:
        spent = ", ".join(f"{what} {rate:.0f}" for what, rate in rates.items())
        output.text(f"{duration(seconds)}, {seconds / count * 1e6:.0f} us per {UNITS[src.kind][:-1]} ({spent})")


def _copy(src: Target, read: Any, write: Any, tally: Tally, policy: OnConflict, names: list[str], advance: Any) -> None:
    if src.kind == "conversation":
        copy_conversations(read, ConversationWriter(write, tally, on_conflict=policy, advance=advance), tally, names)
    elif src.kind == "knowledge":
        copy_knowledge(read, KnowledgeWriter(write, tally, on_conflict=policy, advance=advance), tally, names)
    else:
        copy_state(read, StateWriter(write, tally, on_conflict=policy, advance=advance), tally, names)


def _policy(text: str) -> OnConflict:
    if text not in ("error", "skip", "replace"):
        raise Failure(f"--on-conflict {text}: there is no such way", hint="use error, skip or replace", code=USAGE)
    return cast("Literal['error', 'skip', 'replace']", text)


def _names(
    kind: str, session_id: list[str] | None, collection: list[str] | None, namespace: list[str] | None
) -> list[str]:
    given = {"conversation": session_id, "knowledge": collection, "state": namespace}
    flags = {"conversation": "--session-id", "knowledge": "--collection", "state": "--namespace"}
    for other, names in given.items():
        if names and other != kind:
            raise Failure(f"{flags[other]} belongs to {other} stores, and this is one of kind {kind}",
                          hint=f"use {flags[kind]}, or leave it out", code=USAGE)  # fmt: skip
    return given[kind] or []


def _items(tally: Tally) -> str:
    return (
        ", ".join(f"{count:,} {what if count != 1 else what[:-1]}" for what, count in tally.items.items()) or "nothing"
    )


def _done(output: Output, tally: Tally) -> None:
    """Say what became of the units, and that it was verified."""
    ways = {"written": "written", "present": "there already", "replaced": "replaced", "skipped": "skipped",
            "expired": "expired"}  # fmt: skip
    said = ", ".join(f"{tally.done[way]:,} {word}" for way, word in ways.items() if tally.done[way])
    output.text(f"{said or 'nothing to do'}; verified by count and content hash {str(tally.destination)[:16]}")


@contextmanager
def _new_file(path: Path) -> Generator[Any]:
    """A file that takes its name when it is complete."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _lines(file: str) -> Generator[Iterator[str]]:
    """The lines of a file, or of stdin."""
    if file == "-":
        yield _decoded(sys.stdin.buffer)
        return
    with Path(file).open("rb") as stream:
        yield _decoded(stream)


def _decoded(stream: IO[bytes]) -> Iterator[str]:
    for number, line in enumerate(stream, 1):
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise Failure(f"line {number}: not UTF-8", hint="export it again; was the file converted?") from error
