"""``python -m praison_persist_testkit run NAME --kind KIND --url URL``: the suite without a test file.

Exit codes: 0 conforming, 1 not, 2 could not start. Never prints the URL.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from praison_persist.errors import PersistError

from .place import PLACE, Place
from .target import Target

__all__ = ["main"]

_CLASSES = {"conversation": "TestConversation", "knowledge": "TestKnowledge", "state": "TestState"}


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(prog="praison_persist_testkit", description="Conformance of a backend.")
    run = parser.add_subparsers(dest="command", required=True).add_parser("run", help="run the suite on a backend")
    run.add_argument("name", help="registered name of the backend")
    run.add_argument("--kind", choices=sorted(_CLASSES), required=True)
    run.add_argument("--url", help="where the store is; the suite writes there and deletes what it wrote")
    run.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="an option (JSON or text)")
    run.add_argument("--report", type=Path, metavar="FILE", help="write the JSON report to FILE")
    run.add_argument("--not-shared", action="store_true", help="two stores do not share their data (:memory:)")
    run.add_argument("--only", metavar="EXPRESSION", help="run the tests that match (as pytest -k); not a full report")
    given = parser.parse_args(arguments)
    options = dict(_option(parser, text) for text in given.option)
    target = Target(given.name, url=given.url, options=options, shared=not given.not_shared, kind=given.kind)

    try:
        place = Place(target)
        place.check()
    except (PersistError, ValueError, TypeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if place.private:
        print(f"data is kept apart by {place.private}")
    return _run(place, str(given.kind), given.report, given.only)


def _run(place: Place, kind: str, report: Path | None, expression: str | None) -> int:
    # By its path, not imported: pytest rewrites the assertions of modules that it imports itself.
    node = f"{Path(__file__).with_name('cases.py')}::{_CLASSES[kind]}"

    class Configure:
        @staticmethod
        def pytest_configure(config: pytest.Config) -> None:
            config.stash[PLACE] = place

    with tempfile.TemporaryDirectory() as folder:
        command = [node, "-q", "-p", "no:cacheprovider", f"--rootdir={folder}", "-c", os.devnull, "--tb=short"]
        command += ["-W", "ignore::pytest.PytestAssertRewriteWarning", f"--conformance-report={folder}/report"]
        command += ["-k", expression] if expression else []
        plugins: list[Any] = [Configure()]
        code = pytest.main(command, plugins=plugins)
        documents = [json.loads(path.read_text()) for path in Path(folder, "report").glob("*.json")]
    if report is not None and documents:
        documents[0]["backend"] = place.target.name
        report.write_text(json.dumps(documents[0], indent=2) + "\n", encoding="utf-8")
    return int(code) if code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) else 2


def _option(parser: argparse.ArgumentParser, text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        parser.error(f"--option takes KEY=VALUE, got {text!r}")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


if __name__ == "__main__":
    raise SystemExit(main())
