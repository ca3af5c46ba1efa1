"""What a package index offers, asked through pip and uv, so that their own configuration decides which index it is."""

from __future__ import annotations

import re
import subprocess
import sys

from packaging.requirements import Requirement
from packaging.version import Version

from .common import ROOT, StepError


def published(name: str, *, index: str | None = None) -> list[Version]:
    """Every version of a distribution on the index; empty when it has none.

    Raises:
        StepError: the index gives no answer.
    """
    command = [sys.executable, "-m", "pip", "index", "versions", "--pre", "--disable-pip-version-check", name]
    command += ["--index-url", index] if index else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        (line,) = re.findall(r"^Available versions: (.*)$", done.stdout, re.MULTILINE)
        return [Version(each.strip()) for each in line.split(",")]
    if "No matching distribution found" in done.stderr and "connection" not in done.stderr.lower():
        return []
    raise StepError(f"the index does not say which versions of {name} there are:\n{done.stderr.strip()}")


def floor_problem(requirement: str, *, python: str, index: str | None = None) -> str:
    """Why the lowest version that a requirement allows cannot be installed; empty when it can.

    Args:
        requirement: with a lower bound; without one that is the problem.
        python: the Python version to look for.
        index: asked first, before the default index.
    """
    parsed = Requirement(requirement)
    floors = [Version(each.version) for each in parsed.specifier if each.operator in (">=", "==", "~=")]
    if not floors:
        return f"{requirement!r} has no lower bound, so nothing says what it was tested with"
    command = ["uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-deps", "--refresh-package"]
    command += [parsed.name, "--resolution", "lowest-direct", "--python-version", python, "-"]
    command += ["--index", index] if index else []
    done = subprocess.run(command, cwd=ROOT, input=requirement, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return f"{requirement!r} cannot be installed from the index: {' '.join(done.stderr.split())}"
    found = re.search(r"==([^ ;]+)", done.stdout)
    if found is None:  # its marker excludes this Python
        return ""
    if Version(found[1]) != max(floors):
        return f"the floor of {requirement!r} is not published; the lowest that is, is {found[1]}"
    return ""
