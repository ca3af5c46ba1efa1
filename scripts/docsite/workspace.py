"""What the site knows of the packages: metadata, README, stores and conformance results. Reads files only."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports] # installed where it is needed

ROOT = Path(__file__).resolve().parent.parent.parent
KINDS = ("conversation", "knowledge", "state")
CONFORMANCE = ROOT / "docs/data/conformance"


@dataclass(frozen=True)
class Package:
    """One ``packages/<family>``."""

    family: str
    name: str
    description: str
    requires_python: str
    dependencies: list[str]
    entry_points: dict[str, dict[str, str]]

    def backends(self, kind: str) -> list[str]:
        return list(self.entry_points.get(f"praisonai.{kind}_stores", {}))

    def names_for(self, kind: str, what: str, backend: str) -> list[str]:
        """Its ``aliases`` or URL ``schemes`` of a backend."""
        return [
            name for name, to in self.entry_points.get(f"praisonai.{kind}_stores.{what}", {}).items() if to == backend
        ]

    @property
    def is_backend(self) -> bool:
        """Whether it holds stores for a database; agents registers a generic one in PraisonAI only."""
        return self.family != "agents" and any(self.backends(kind) for kind in KINDS)

    def conformance(self) -> list[dict[str, Any]]:
        """The summaries of its conformance classes, as `scripts/conformance_reports` wrote them; [] before that."""
        path = CONFORMANCE / f"{self.family}.json"
        return json.loads(path.read_text(encoding="utf-8"))["suites"] if path.is_file() else []


def packages() -> list[Package]:
    """Every package, by family."""
    found: list[Package] = []
    for path in sorted(ROOT.glob("packages/*/pyproject.toml")):
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        found.append(
            Package(
                path.parent.name,
                project["name"],
                project["description"],
                project["requires-python"],
                project.get("dependencies", []),
                project.get("entry-points", {}),
            )
        )
    return found
