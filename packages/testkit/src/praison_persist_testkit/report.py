"""The conformance report: one JSON file per suite class, what the capability matrix is made from.

Collects what tests hand over; runs nothing.
"""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, entry_points, packages_distributions, version
from pathlib import Path
from typing import Any, cast

__all__ = ["FORMAT", "Report"]

FORMAT = 1
"""Version of the file's layout."""


class Report:
    """The outcomes of one session, by suite class."""

    def __init__(self) -> None:
        self._tests: dict[str, list[dict[str, Any]]] = {}

    def add(self, node: str, facts: dict[str, Any], *, error: str | None = None, skipped: str | None = None) -> None:
        """Note one test; ``node`` is the id of its class, the rest is what pytest says about it."""
        entry = dict(facts)
        if skipped is not None:
            entry |= {"outcome": "skipped", "reason": skipped}
        elif error is not None:
            entry |= {"outcome": "failed", "reason": error}
        self._tests.setdefault(node, []).append(entry)

    def documents(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """A file name and the document for each class."""
        names: set[str] = set()
        for node, entries in sorted(self._tests.items()):
            first = next((entry for entry in entries if "store" in entry), entries[0])
            name = re.sub(r"[^\w.-]+", "-", f"{first['kind']}-{first['backend']}-{first['class']}").lower()
            while name in names:
                name += "-2"
            names.add(name)
            yield f"{name}.json", _document(node, first, entries)

    def write(self, folder: Path) -> list[Path]:
        """Write every document into a folder that is created when needed; the files."""
        folder.mkdir(parents=True, exist_ok=True)
        paths: list[Path] = []
        for name, document in self.documents():
            path = folder / name
            path.write_text(json.dumps(document, indent=2, ensure_ascii=True) + "\n", encoding="utf-8")
            paths.append(path)
        return paths


def _document(node: str, first: dict[str, Any], entries: list[dict[str, Any]]) -> dict[str, Any]:
    outcomes = [entry["outcome"] for entry in entries]
    return {
        "format": FORMAT,
        "backend": first["backend"],
        "kind": first["kind"],
        "suite": node,
        "store": first.get("store"),
        "async": first.get("async"),
        "distribution": _distribution(first),
        "core": _version("praison-persist"),
        "testkit": _version("praison-persist-testkit"),
        "environment": {
            "python": platform.python_version(),
            "implementation": platform.python_implementation(),
            "system": platform.system(),
            "machine": platform.machine(),
        },
        "suite_tests": first.get("suite_tests"),
        "summary": {outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))},
        "tests": [
            {key: entry.get(key) for key in ("test", "case", "outcome", "reason", "clause")} for entry in entries
        ],
    }


def _distribution(first: dict[str, Any]) -> dict[str, str | None] | None:
    """The distribution that provides the backend: by its entry point, or by the store class's package."""
    for point in entry_points(group=f"praisonai.{first['kind']}_stores"):
        if point.name.casefold() == str(first["backend"]).casefold() and point.dist is not None:
            return {"name": cast(Any, point.dist).name, "version": point.dist.version}
    package = str(first.get("store") or "").partition(".")[0]
    owners = [] if package in sys.stdlib_module_names else packages_distributions().get(package, [])
    return {"name": owners[0], "version": _version(owners[0])} if owners else None


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
