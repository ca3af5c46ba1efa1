"""Discovery end to end: the DuckDB example, built outside of the repository, in an environment of wheels."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "praison-persist-duckdb"
UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"


def run(*command: object, cwd: Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with wheels of core, agents, the command line and the plugin."""
    folder = tmp_path_factory.mktemp("community")
    shutil.copytree(EXAMPLE, folder / "plugin")
    for project in (ROOT / "core", ROOT / "packages/agents", ROOT / "packages/cli", folder / "plugin"):
        run(UV, "build", "--quiet", "--wheel", "--out-dir", folder / "wheels", project, cwd=folder)
    run(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    wheels = sorted((folder / "wheels").glob("*.whl"))
    run(UV, "pip", "install", "--quiet", "--python", python, *wheels, cwd=folder)
    return python


def test_it_is_found_by_name_alias_and_scheme(python: Path, tmp_path: Path) -> None:
    run(python, EXAMPLE / "tests" / "round_trip.py", cwd=tmp_path)
    code = """
from praison_persist import KNOWLEDGE_STORES as stores
print(stores.describe("duckdb").distribution, type(stores.create("duck", path="a.db")).__name__)
print(type(stores.create_from_url("duckdb:///a.db")).__name__)
"""
    shown = run(python, "-c", code, cwd=tmp_path).split()
    assert shown == ["praison-persist-duckdb", "DuckdbKnowledgeStore", "DuckdbKnowledgeStore"]


def test_the_command_line_shows_it(python: Path, tmp_path: Path) -> None:
    run(python, EXAMPLE / "tests" / "round_trip.py", cwd=tmp_path)
    listed = json.loads(run(python, "-m", "praison_persist_cli", "backends", "--json", cwd=tmp_path))["backends"]
    (entry,) = [entry for entry in listed if entry["name"] == "duckdb" and entry["installed"]]
    assert (entry["available"], entry["aliases"], entry["schemes"]) == (True, ["duck"], ["duckdb"])
    doctor = ("doctor", "--knowledge-url", "duckdb:///test.db", "--json")
    report = json.loads(run(python, "-m", "praison_persist_cli", *doctor, cwd=tmp_path))
    assert report["ok"] is True
    assert report["stores"][0]["backend"] == "duckdb"


def test_the_conformance_suite_passes(python: Path, tmp_path: Path) -> None:
    """In the environment of the repository, with the plugin's packages added to it."""
    site = tmp_path / "site"
    plugin = shutil.copytree(EXAMPLE, tmp_path / "plugin")
    run(
        UV, "pip", "install", "--quiet", "--python", sys.executable, "--no-deps", "--target", site, plugin, cwd=tmp_path
    )
    code = f"import sys, site; site.addsitedir({str(site)!r}); import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    run(sys.executable, "-c", code, "-q", "-p", "no:cacheprovider", "--import-mode=importlib", "tests", cwd=plugin)
