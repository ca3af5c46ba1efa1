"""The gate of a core release: its wheel, together with the newest published version of every package."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import workspace

from . import index as indexes
from .common import ROOT, StepError, main
from .verify import attempt


def step() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/core_gate",
        description="Try a wheel of core with the newest published packages. "
        "Exit codes: 0, 1 one does not work with it, 2 usage.",
    )
    parser.add_argument("wheel", type=Path, metavar="WHEEL", help="the candidate, as scripts/build core made it")
    parser.add_argument("--index", metavar="URL", help="index to look at first; default: pip's and uv's own")
    parser.add_argument("--python", default=sys.executable, metavar="PYTHON", help="version or path; default: this one")
    given = parser.parse_args()
    sources = ["--index", given.index] if given.index else []
    failed: list[str] = []
    for package in workspace.read(ROOT).packages:
        released = [each for each in indexes.published(package.name, index=given.index) if not each.is_prerelease]
        if package.status == "archived" or not released:
            print(f"{package.name}: {package.status}, nothing published to try")
            continue
        try:
            found = attempt(
                package, [str(given.wheel.resolve()), f"{package.name}=={max(released)}", *sources], python=given.python
            )
        except StepError as exc:
            failed.append(package.name)
            print(f"{package.name} {max(released)} does not work with {given.wheel.name}: {exc}", file=sys.stderr)
        else:
            print(f"{package.name} {max(released)}: {found}")
    if failed:
        print(f"broken by this core: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    main(step)
