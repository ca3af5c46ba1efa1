"""The next section of a package's changelog, made from its fragments by towncrier; writes only when told to."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from workspace import Package

from .common import ROOT, main, package_of, run

TOWNCRIER = "towncrier>=24.8"


def step() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/changelog",
        description="Print the changelog section of a package's next release. Exit codes: 0, 1, 2 usage.",
    )
    parser.add_argument("package", metavar="PACKAGE", help="qdrant, core ...")
    parser.add_argument(
        "--date", default=date.today().isoformat(), metavar="YYYY-MM-DD", help="of the release; default: today"
    )
    parser.add_argument("--write", action="store_true", help="put it into CHANGELOG.md and remove the fragments")
    given = parser.parse_args()
    package = package_of(given.package)
    print(render(package, ROOT, day=given.date, write=given.write).strip())
    return 0


def render(package: Package, root: Path, *, day: str, write: bool) -> str:
    """The section, or what towncrier says while it writes it into the package below `root`."""
    folder = root / package.directory
    command = ["uv", "tool", "run", "--quiet", "--from", TOWNCRIER, "towncrier", "build", "--dir", str(folder)]
    command += ["--config", str(folder / "pyproject.toml"), "--name", package.name]
    command += ["--version", package.version(root), "--date", day]
    return run(*command, "--yes" if write else "--draft", cwd=folder)


if __name__ == "__main__":
    main(step)
