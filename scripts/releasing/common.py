"""What the steps share: the workspace, git, and running a tool whose failure a person can read.

Changes nothing by itself.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import workspace
from workspace import Package, Workspace, WorkspaceError

ROOT = Path(__file__).resolve().parent.parent.parent


class StepError(Exception):
    """The step cannot be done; the message is for a person."""


def main(step: Callable[[], int]) -> NoReturn:
    """End the process with the step's exit code; 1 and a message where it fails."""
    try:
        raise SystemExit(step())
    except (StepError, WorkspaceError) as exc:
        print(f"error: {exc}", file=sys.stderr)
        raise SystemExit(1) from None


def package_of(name: str, space: Workspace | None = None) -> Package:
    """The package of that family (`qdrant`), directory (`packages/qdrant`) or distribution.

    Raises:
        StepError: there is none.
    """
    everything = (space or workspace.read(ROOT)).everything
    for package in everything:
        if name.rstrip("/") in (package.family, package.directory, package.name):
            return package
    raise StepError(f"no package is called {name!r}; there are {', '.join(each.family for each in everything)}")


def run(*command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """What a tool prints on its standard output.

    Raises:
        StepError: it failed; with what it said.
    """
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StepError(f"{' '.join(words[:4])} ended with {done.returncode}:\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout


def git(*arguments: str) -> str:
    """What git prints, without the newline at its end."""
    return run("git", *arguments).rstrip("\n")
