"""Builds a package from what is committed, in a copy outside the tree: the same commit gives the same bytes.

Needs no secret, uploads nothing, and leaves the working tree alone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import tarfile
import tempfile
import zipfile
from datetime import datetime, timezone
from pathlib import Path

from workspace import Package

from . import changelog
from .common import ROOT, StepError, git, main, package_of, run


def step() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/build",
        description="Build a package's sdist, and its wheel from that, as committed. Exit codes: 0, 1 failed, 2 usage.",
    )
    parser.add_argument("package", metavar="PACKAGE", help="qdrant, core ...")
    parser.add_argument("--out", type=Path, default=Path("dist"), metavar="DIR", help="where to; default: dist")
    parser.add_argument("--json", action="store_true", help="print the files and their SHA-256 as one line of JSON")
    given = parser.parse_args()
    built = build(package_of(given.package), given.out)
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in built}
    print(json.dumps(sums) if given.json else "\n".join(f"{digest}  {name}" for name, digest in sums.items()))
    return 0


def build(package: Package, target: Path) -> list[Path]:
    """The sdist and the wheel; dates in them are SOURCE_DATE_EPOCH, or else the commit's.

    The changelog in the sdist has the section of this version, made from the fragments.

    Raises:
        StepError: the build failed, or the files do not hold what they must, and only that.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct")
    env = {**os.environ, "SOURCE_DATE_EPOCH": epoch}
    target = target.resolve()
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        archive = subprocess.run(
            ["git", "archive", "HEAD", package.directory], cwd=ROOT, capture_output=True, check=True
        )
        subprocess.run(["tar", "-x"], cwd=copy, input=archive.stdout, check=True)
        if any((copy / package.directory / "changelog.d").glob("*.md")):
            day = datetime.fromtimestamp(int(epoch), timezone.utc).date().isoformat()
            changelog.render(package, copy, day=day, write=True)
        run("uv", "build", "--quiet", "--out-dir", target, copy / package.directory, env=env)
        stem = f"{package.module}-{package.version(copy)}"
    sdist, wheel = target / f"{stem}.tar.gz", target / f"{stem}-py3-none-any.whl"
    if problems := [*_wheel_problems(package, wheel, stem), *_sdist_problems(package, sdist, stem)]:
        raise StepError("\n".join(problems))
    return [sdist, wheel]


def _wheel_problems(package: Package, wheel: Path, stem: str) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    allowed = (f"{package.module}/", f"{stem}.dist-info/")
    wanted = (f"{package.module}/__init__.py", f"{package.module}/py.typed", f"{stem}.dist-info/licenses/LICENSE")
    problems = [f"{wheel.name}: {name} does not belong there" for name in names if not name.startswith(allowed)]
    return problems + [f"{wheel.name}: {name} is missing" for name in wanted if name not in names]


def _sdist_problems(package: Package, sdist: Path, stem: str) -> list[str]:
    with tarfile.open(sdist) as archive:
        names = {name.removeprefix(f"{stem}/") for name in archive.getnames()}
    wanted = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "PKG-INFO", f"src/{package.module}/__init__.py")
    allowed = (*wanted, ".gitignore", "src/", "tests/")
    problems = [f"{sdist.name}: {name} does not belong there" for name in sorted(names) if not name.startswith(allowed)]
    return problems + [f"{sdist.name}: {name} is missing" for name in wanted if name not in names]


if __name__ == "__main__":
    main(step)
