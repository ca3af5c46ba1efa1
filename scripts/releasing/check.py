"""The gate of a release: a tag is released only when all of this holds. Reads, asks the index, and changes nothing."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

import workspace
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version
from workspace import Package

from . import index as indexes
from . import versions
from .common import ROOT, StepError, git, main


def step() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/release_check",
        description="Check that a tag may be released, or print every reason against it. "
        "Exit codes: 0 it may, 1 it may not, 2 usage.",
    )
    parser.add_argument("tag", metavar="TAG", help="packages/qdrant-v0.2.0, core-v0.1.0")
    parser.add_argument(
        "--index", metavar="URL", help="index to look at first, by its simple API; default: pip's and uv's own"
    )
    parser.add_argument("--json", action="store_true", help="print what is released as one line of JSON")
    given = parser.parse_args()
    space = workspace.read(ROOT)
    package = next((each for each in space.everything if given.tag.startswith(each.tag_prefix)), None)
    if package is None:
        prefixes = ", ".join(each.tag_prefix for each in space.everything)
        parser.error(f"{given.tag!r} is no release tag; they start with {prefixes}")
    version = given.tag.removeprefix(package.tag_prefix)
    problems = check(package, version, tag=given.tag, index=given.index)
    for problem in problems:
        print(f"{given.tag}: {problem}", file=sys.stderr)
    if problems:
        return 1
    facts = {"tag": given.tag, "name": package.name, "package": package.family, "directory": package.directory}
    facts |= {"version": version, "wheel": f"{package.module}-{version}-py3-none-any.whl"}
    print(json.dumps(facts) if given.json else f"{given.tag}: {package.name} {version} may be released")
    return 0


def check(package: Package, version: str, *, tag: str, index: str | None) -> list[str]:
    """Every reason why the release must not happen."""
    problems = _tree(tag)
    written = package.version(ROOT)
    if written != version:
        problems.append(f"the tag says {version}, {package.directory}/{package.version_file} says {written}")
    tagged = _tagged(package, tag)
    if problem := versions.problem(version, {*tagged, *indexes.published(package.name, index=index)}):
        problems.append(problem)
    problems += _changelog(package, tagged)
    python = min_python(package)
    floors = (indexes.floor_problem(each, python=python, index=index) for each in package.dependencies)
    return problems + [problem for problem in floors if problem]


def min_python(package: Package) -> str:
    """The oldest Python that the package supports: `3.10`."""
    bounds = [each.version for each in SpecifierSet(package.requires_python) if each.operator == ">="]
    return bounds[0] if bounds else "3.10"


def _tree(tag: str) -> list[str]:
    problems: list[str] = []
    if changed := git("status", "--porcelain"):
        problems.append(f"the working tree is not clean:\n{changed}")
    try:
        commit = git("rev-parse", "--quiet", "--verify", f"refs/tags/{tag}^{{commit}}")
    except StepError:
        commit = ""  # asked before tagging
    if commit and commit != git("rev-parse", "HEAD"):
        problems.append("the tag is not on the commit that is checked out")
    sync = [sys.executable, str(ROOT / "scripts" / "sync.py"), "--check"]
    done = subprocess.run(sync, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        problems.append(
            f"generated files are out of date; run scripts/sync and commit:\n{done.stdout}{done.stderr}".rstrip()
        )
    return problems


def _tagged(package: Package, tag: str) -> list[Version]:
    """The versions of the package's other tags."""
    found: list[Version] = []
    for each in git("tag", "--list", f"{package.tag_prefix}*").splitlines():
        try:
            found += [Version(each.removeprefix(package.tag_prefix))] if each != tag else []
        except InvalidVersion:
            raise StepError(f"the tag {each} does not end in a version; delete it") from None
    return sorted(found)


def _changelog(package: Package, tagged: list[Version]) -> list[str]:
    folder = ROOT / package.directory / "changelog.d"
    fragments = [path for path in folder.glob("*.md") if path.read_text(encoding="utf-8").strip()]
    problems: list[str] = []
    if not fragments:
        problems.append(f"{package.directory}/changelog.d has no fragment: nothing says what changes for a user")
    for path in sorted(fragments):
        if not set(path.name.split(".")[1:-1]) & set(package.fragment_types):
            kinds = ", ".join(package.fragment_types)
            problems.append(
                f"{package.directory}/changelog.d/{path.name} is of no known type; name it NAME.TYPE.md ({kinds})"
            )
    text = (ROOT / package.directory / "CHANGELOG.md").read_text(encoding="utf-8")
    if tagged and f"## {tagged[-1]} " not in text:
        problems.append(
            f"{package.directory}/CHANGELOG.md has no section for {tagged[-1]}; merge that release's changelog first"
        )
    return problems


if __name__ == "__main__":
    main(step)
