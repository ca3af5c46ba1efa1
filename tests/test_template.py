"""What the template renders is a working package at once: lint, types and the conformance suites pass unchanged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
KINDS = ("conversation", "knowledge", "state")
# Each kind with each style and mode occurs once; stores of one kind and style are the same files in any company.
COMBINATIONS = {
    f"t_{style}_{modes}_{place}": (kinds, style, modes, place)
    for style, modes, place, kinds in (
        ("sql", "both", "community", KINDS),
        ("sdk", "both", "workspace", KINDS),
        ("sql", "sync", "community", ("conversation",)),
        ("sql", "async", "workspace", ("state",)),
        ("sdk", "sync", "community", ("state", "knowledge")),
        ("sdk", "async", "community", KINDS),
    )
}
# The heart of each suite; scripts/test and a plugin's own CI run it whole with PRAISON_PERSIST_FULL=1.
REDUCED = "order or batch or limit or conflict or deleted or search or filter or ttl or incr or contract or closed"


def run(*command: object, cwd: Path, **changes: str) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env={**os.environ, **changes}, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every combination, rendered by the command, side by side and installed into one directory."""
    folder = tmp_path_factory.mktemp("template")
    for name, (kinds, style, modes, place) in COMBINATIONS.items():
        answers = [part for kind in kinds for part in ("--kind", kind)]
        answers += ["--style", style, "--modes", modes, "--place", place, "--aliases", f"{name}_alias", "--yes"]
        run(sys.executable, "-m", "praison_persist_cli", "new-backend", name, "--name", name, *answers, cwd=folder)
    uv = shutil.which("uv", path=str(BIN)) or "uv"
    packages = [folder / name for name in COMBINATIONS]
    run(
        uv,
        "pip",
        "install",
        "--python",
        sys.executable,
        "--no-deps",
        "--target",
        folder / "site",
        *packages,
        cwd=folder,
    )
    return folder


@pytest.mark.parametrize("name", COMBINATIONS)
def test_ruff_has_nothing_to_say(rendered: Path, name: str) -> None:
    config = ["--config", ROOT / "pyproject.toml"] if name.endswith("workspace") else []
    run(BIN / "ruff", "check", "--no-cache", *config, "src", cwd=rendered / name)
    run(BIN / "ruff", "format", "--no-cache", "--check", *config, ".", cwd=rendered / name)


def test_pyright_has_nothing_to_say(rendered: Path) -> None:
    (rendered / "pyrightconfig.json").write_text('{"include": ["t_*/src"], "pythonVersion": "3.10"}')
    run(BIN / "pyright", "--pythonpath", sys.executable, cwd=rendered)


@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_conformance_suites_pass(rendered: Path, name: str) -> None:
    reduced = [] if os.environ.get("PRAISON_PERSIST_FULL") == "1" else ["-k", REDUCED]
    out = run(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *reduced, "tests",
        cwd=rendered / name, PYTHONPATH=str(rendered / "site"),
    )  # fmt: skip
    assert " passed" in out


@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_round_trip_runs(rendered: Path, name: str, tmp_path: Path) -> None:
    script = rendered / name / "tests" / "round_trip.py"
    run(sys.executable, script, cwd=tmp_path, PYTHONPATH=str(rendered / "site"))


def test_a_wrong_answer_is_wrong_usage_and_writes_nothing(tmp_path: Path) -> None:
    for wrong in (("--name", "No-Name"), ("--name", "x", "--kind", "queue"), ()):
        command = [sys.executable, "-m", "praison_persist_cli", "new-backend", "out", "--json", *wrong]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 2, done
        assert '"hint"' in done.stderr
        assert not (tmp_path / "out").exists()
