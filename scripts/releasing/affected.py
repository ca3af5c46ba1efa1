"""Which packages a change concerns: those that it touches, and those that depend on them. When unsure: all."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import workspace
from workspace import Package, Workspace

from .common import ROOT, git, main

NEUTRAL = (
    "docs/",
    ".github/",
    "LICENSE",
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CODE_OF_CONDUCT.md",
    "PACKAGE_STATUS.md",
)
"""What no package's tests look at: static checks and the tests of the repository do."""

NEUTRAL_SCRIPTS = (
    "scripts/releasing/",
    "scripts/bench/",
    "scripts/_demo/",
    "scripts/template/",
    "scripts/sync",
    "scripts/demo",
)


def step() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/affected",
        description="The packages whose tests a range of commits concerns. Exit codes: 0, 1 git fails, 2 usage.",
    )
    parser.add_argument(
        "range", metavar="BASE..HEAD", nargs="?", help="from the merge base of the two; default: all packages"
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON: a matrix for workflows")
    given = parser.parse_args()
    space = workspace.read(ROOT)
    # A branch's first push has no base, only zeros.
    known = given.range and given.range.partition("..")[0].strip("0")
    found = affected(changed(given.range), space) if known else space.everything
    if given.json:
        print(json.dumps(matrix(found)))
    else:
        print("\n".join(package.directory for package in found))
    return 0


def changed(commits: str) -> list[str]:
    """The paths that differ between the merge base and the head; both names of a moved file."""
    base, _, head = commits.partition("..")
    return git("diff", "--name-only", "--no-renames", f"{base}...{head.lstrip('.') or 'HEAD'}").splitlines()


def matrix(packages: Iterable[Package]) -> dict[str, Any]:
    """What `strategy.matrix` takes."""
    return {"include": [{"package": each.family, "tests": f"{each.directory}/tests"} for each in packages]}


def affected(paths: Iterable[str], space: Workspace) -> list[Package]:
    """The packages whose tests have to run, core first."""
    found: set[str] = set()
    for path in paths:
        found |= {package.name for package in _concerned(path, space)}
    return [package for package in space.everything if package.name in found]


def _concerned(path: str, space: Workspace) -> list[Package]:
    for package in space.packages:
        if path.startswith(f"{package.directory}/"):
            # Every package's tests inherit the testkit's suites, whether its metadata says so or not.
            return space.everything if package.family == "testkit" else [package, *space.dependents(package)]
    if path.startswith("packages/"):  # a package that is gone
        return []
    if path.startswith("scripts/engines/"):
        return _users_of_engine(Path(path).stem, space)
    if path.startswith(("tests/", *NEUTRAL, *NEUTRAL_SCRIPTS)):
        return []
    return space.everything


def _users_of_engine(module: str, space: Workspace) -> list[Package]:
    """The packages whose tests name a fixture of an engine of that module; all when it is no engine's."""
    from engines import ENGINES

    homes = {name: getattr(entry.make, "__module__", "").rpartition(".")[2] for name, entry in ENGINES.items()}
    engines = {name for name, home in homes.items() if module in (home, *_imports(home))}
    if module not in homes.values():
        return space.everything
    fixtures = {f"{name.replace('-', '_')}_{what}" for name in engines for what in ("url", "engine")}
    fixtures |= _derived(fixtures)
    word = re.compile(rf"\b(?:{'|'.join(sorted(fixtures))})\b")
    return [
        package
        for package in space.everything
        if any(
            word.search(each.read_text(encoding="utf-8")) for each in (ROOT / package.directory / "tests").rglob("*.py")
        )
    ]


def _imports(module: str) -> list[str]:
    """The other engine modules that an engine's module is built on."""
    path = ROOT / "scripts" / "engines" / f"{module}.py"
    return re.findall(r"^from \.(\w+) import", path.read_text(encoding="utf-8"), re.MULTILINE) if path.exists() else []


def _derived(fixtures: set[str]) -> set[str]:
    """The fixtures of the root conftest.py that take one of these."""
    functions = re.findall(r"^def (\w+)\(([^)]*)\)", (ROOT / "conftest.py").read_text(encoding="utf-8"), re.MULTILINE)
    return {name for name, parameters in functions if fixtures & set(re.findall(r"\w+", parameters))}


if __name__ == "__main__":
    main(step)
