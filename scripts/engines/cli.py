"""The command line: list, start, run."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import NoReturn

from .catalog import ENGINES, create
from .engine import Engine, EngineError, UnavailableError

REQUIRE = "PRAISON_PERSIST_REQUIRE_ENGINES"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    words, command = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    options = _parser().parse_args(words)
    signal.signal(signal.SIGTERM, _on_terminate)
    try:
        if options.action == "list":
            return _list(as_json=options.json)
        if options.action == "start":
            return _start(create(options.name, own=True, durable=not options.no_fsync))
        if not command:
            raise EngineError("nothing to run; write the command after --")
        return _run([create(name, durable=not options.no_fsync) for name in options.names or ENGINES], command)
    except EngineError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/engines", description="Real database engines for the tests, on loopback."
    )
    actions = parser.add_subparsers(dest="action", required=True)
    show = actions.add_parser("list", help="engines, versions, and how each was found (fetches nothing)")
    show.add_argument("--json", action="store_true", help="for programs")
    start = actions.add_parser("start", help="start one, print its URL, stop it on Ctrl-C")
    start.add_argument("name", metavar="NAME", help=", ".join(ENGINES))
    run = actions.add_parser(
        "run",
        help="start engines, run a command with their URLs in its environment, stop them",
        usage="%(prog)s [NAME ...] -- COMMAND",
    )
    run.add_argument("names", metavar="NAME", nargs="*", help=f"{', '.join(ENGINES)}; all without a name")
    for action in (start, run):
        action.add_argument("--no-fsync", action="store_true", help="faster, but commits may not survive a power cut")
    return parser


def _list(*, as_json: bool) -> int:
    rows: list[dict[str, str | bool]] = []
    for name in ENGINES:
        engine = create(name)
        row: dict[str, str | bool] = {"name": name, "variable": engine.variable, "available": True, "reason": ""}
        try:
            engine.locate(fetch=False)
        except UnavailableError as exc:
            row.update(available=False, reason=str(exc))
        rows.append({**row, "version": engine.version, "found": engine.found})
    if as_json:
        print(json.dumps(rows, indent=2))
        return 0
    for row in rows:
        print(f"{row['name']:<16}{row['version'] if row['available'] else 'not here yet'}")
        print(f"{'':<16}{row['found'] or row['reason']}")
        print(f"{'':<16}or give ${row['variable']}")
    return 0


def _start(engine: Engine) -> int:
    try:
        url = engine.start()
        print(url, flush=True)
        print(f"  export {engine.variable}='{url}'\n  Ctrl-C stops it.", file=sys.stderr)
        with contextlib.suppress(KeyboardInterrupt):
            while engine.alive():
                time.sleep(0.5)
            raise EngineError(f"{engine.name} ended by itself; see its messages above")
        return 0
    finally:
        engine.stop()


def _run(engines: Sequence[Engine], command: Sequence[str]) -> int:
    env = dict(os.environ)
    for engine in engines:
        if engine.slow_to_fetch:
            threading.Thread(target=_fetch, args=(engine.name,), daemon=True).start()
    try:
        for engine in engines:
            try:
                env[engine.variable] = engine.start()
                env[engine.about_variable] = engine.describe()
            except EngineError as exc:
                if env.get(REQUIRE) == "1":
                    raise
                print(f"  {engine.name}: not started: {exc}", file=sys.stderr, flush=True)
        return _wait(subprocess.Popen(command, env=env))
    except FileNotFoundError as exc:
        raise EngineError(f"cannot run {command[0]}: {exc.strerror}") from exc
    finally:
        for engine in engines:
            engine.stop()


def _fetch(name: str) -> None:
    """Begin what the engine's own start waits for, and fails with."""
    with contextlib.suppress(EngineError):
        create(name).locate()


def _wait(process: subprocess.Popen[bytes]) -> int:
    """The command's exit code; Ctrl-C reaches it from the terminal, so only wait for it to finish."""
    while True:
        try:
            code = process.wait()
            return code if code >= 0 else 128 - code
        except KeyboardInterrupt:
            continue
        except SystemExit:
            process.terminate()
            process.wait()
            raise


def _on_terminate(number: int, frame: object) -> NoReturn:
    del frame
    raise SystemExit(128 + number)
