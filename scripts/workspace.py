"""The packages of this repository, read from their own metadata; knows none of them by name.

Imports nothing but the standard library, `tomli` on Python 3.10, and installs and changes nothing.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports] # installed where it is needed

KINDS = ("conversation", "knowledge", "state")

STATUSES = {
    "experimental": "new: options and stored formats may still change in a minor release",
    "stable": "relied on: changes follow the compatibility policy",
    "maintenance": "gets fixes and security releases, no features",
    "archived": "gets no more releases; the README names the successor",
}
"""Lifecycle states of a package, and what a user can count on."""


class WorkspaceError(Exception):
    """The metadata of the repository is incomplete; the message says which line of which file is missing."""


@dataclass(frozen=True)
class Package:
    """One `pyproject.toml`: of core, or of a package.

    Attributes:
        directory: relative to the repository, `core` or `packages/<family>`.
        dependencies: requirements as written, without those of extras.
        metadata: the table `[tool.praison-persist]`.
    """

    directory: str
    name: str
    description: str
    requires_python: str
    version_file: str
    dependencies: tuple[str, ...]
    entry_points: dict[str, dict[str, str]]
    fragment_types: tuple[str, ...]
    metadata: dict[str, Any]

    @property
    def family(self) -> str:
        """The last part of its directory: `core`, `qdrant` ..."""
        return self.directory.rpartition("/")[2]

    @property
    def module(self) -> str:
        """Its import name."""
        return self.name.replace("-", "_")

    @property
    def tag_prefix(self) -> str:
        """What its release tags start with: `core-v`, `packages/qdrant-v`."""
        return f"{self.directory}-v"

    @property
    def status(self) -> str:
        return self._declared("status")

    @property
    def owner(self) -> str:
        """Who is asked about it: GitHub users or teams, separated by blanks."""
        return self._declared("owner")

    @property
    def embedded(self) -> dict[str, str]:
        """Backends that run without a server, and their URL; `{tmp}` in it stands for a fresh directory."""
        return self.metadata.get("embedded", {})

    @property
    def test_requires(self) -> tuple[str, ...]:
        """What only the package's tests and engines need."""
        return tuple(self.metadata.get("test-requires", ()))

    @property
    def is_backend(self) -> bool:
        """Whether it holds stores for a database; agents registers a generic one in PraisonAI only."""
        return self.family != "agents" and any(self.backends(kind) for kind in KINDS)

    def backends(self, kind: str) -> list[str]:
        return list(self.entry_points.get(f"praisonai.{kind}_stores", {}))

    def aliases(self, kind: str) -> dict[str, str]:
        return self.entry_points.get(f"praisonai.{kind}_stores.aliases", {})

    def schemes(self, kind: str) -> dict[str, str]:
        return self.entry_points.get(f"praisonai.{kind}_stores.schemes", {})

    def version(self, root: Path) -> str:
        """`__version__` of its `__about__.py`, read without importing it."""
        path = root / self.directory / self.version_file
        match = re.search(r'^__version__ = "([^"]*)"$', path.read_text(encoding="utf-8"), re.MULTILINE)
        if match is None:
            raise WorkspaceError(f'{path.relative_to(root)}: no line __version__ = "..."')
        return match[1]

    def problems(self) -> list[str]:
        """What is missing in `[tool.praison-persist]`, as lines for a person."""
        where = f"{self.directory}/pyproject.toml: [tool.praison-persist]"
        found: list[str] = []
        if self.metadata.get("status") not in STATUSES:
            found.append(f'{where} needs status = "..." with one of {", ".join(STATUSES)}')
        if not str(self.metadata.get("owner", "")).startswith("@"):
            found.append(f'{where} needs owner = "@..." with a GitHub user or team')
        known = {name for kind in KINDS for name in self.backends(kind)}
        found += [
            f"{where} embedded names {name!r}, which is no backend of it" for name in self.embedded.keys() - known
        ]
        return found

    def _declared(self, key: str) -> str:
        if problems := self.problems():
            raise WorkspaceError("\n".join(problems))
        return str(self.metadata[key])


class Workspace(NamedTuple):
    """The repository: core, and every package by directory."""

    root: Path
    core: Package
    packages: list[Package]

    @property
    def everything(self) -> list[Package]:
        """Core first."""
        return [self.core, *self.packages]

    def dependents(self, package: Package) -> list[Package]:
        """The packages that require it, directly or through others."""
        found: set[str] = set()
        wanted = {package.name}
        while wanted:
            found |= wanted
            wanted = {
                other.name
                for other in self.packages
                if other.name not in found and wanted & {requirement_name(each) for each in other.dependencies}
            }
        return [other for other in self.packages if other.name in found - {package.name}]


def read(root: Path) -> Workspace:
    """Every package of a repository.

    Raises:
        WorkspaceError: what every package has to say about itself is missing somewhere; all such lines at once.
    """
    core, *packages = (_package(root, path) for path in _projects(root))
    if problems := [problem for package in (core, *packages) for problem in package.problems()]:
        raise WorkspaceError("\n".join(problems))
    return Workspace(root, core, packages)


def requirement_name(requirement: str) -> str:
    """The normalized distribution name that a requirement starts with."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0]).lower()


def _projects(root: Path) -> list[Path]:
    return [root / "core" / "pyproject.toml", *sorted(root.glob("packages/*/pyproject.toml"))]


def _package(root: Path, path: Path) -> Package:
    document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    project, tool = document["project"], document["tool"]
    return Package(
        directory=path.parent.relative_to(root).as_posix(),
        name=project["name"],
        description=project["description"],
        requires_python=project["requires-python"],
        version_file=tool["hatch"]["version"]["path"],
        dependencies=tuple(project.get("dependencies", ())),
        entry_points=project.get("entry-points", {}),
        fragment_types=tuple(tool.get("towncrier", {}).get("fragment", {})),
        metadata=tool.get("praison-persist", {}),
    )
