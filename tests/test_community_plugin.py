"""Discovery end to end: the DuckDB example, built outside of the repository, in an environment of wheels only.

Inside a real PraisonAI: `packages/agents/tests/client/test_community_plugin.py`.
"""

from __future__ import annotations

import filecmp
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "praison-persist-duckdb"
BIN = Path(sys.executable).parent
UV = shutil.which("uv", path=str(BIN)) or "uv"
PAGE = ROOT / "docs" / "writing-a-backend.md"


EXTRAS = {"praison_persist_cli": "[new]", "praison_persist_duckdb": "[test]"}


def run(*command: object, cwd: Path = ROOT) -> str:
    drop = ("PYTHONPATH", "VIRTUAL_ENV")
    environment = {key: value for key, value in os.environ.items() if key not in drop}
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=environment, text=True, timeout=900, **pipes)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin's directory, away from the repository."""
    ignore = shutil.ignore_patterns("__pycache__", ".*_cache", "dist")
    return Path(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("community") / "plugin", ignore=ignore))


@pytest.fixture(scope="session")
def python(plugin: Path) -> Path:
    """An interpreter with wheels of core, test kit, agents, the command line and the plugin with its own test tools."""
    folder = plugin.parent
    ours = [ROOT / "core", *(ROOT / "packages" / name for name in ("testkit", "agents", "cli"))]
    for project in (*ours, plugin):
        run(UV, "build", "--quiet", "--wheel", "--out-dir", folder / "wheels", project, cwd=folder)
    run(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    wheels = sorted((folder / "wheels").glob("*.whl"))
    wanted = [f"{wheel}{EXTRAS.get(wheel.name.partition('-')[0], '')}" for wheel in wheels]
    run(UV, "pip", "install", "--quiet", "--python", python, *wanted, cwd=folder)
    return python


def test_it_is_found_by_name_alias_and_scheme(python: Path, plugin: Path, tmp_path: Path) -> None:
    run(python, plugin / "tests" / "round_trip.py", cwd=tmp_path)
    code = """
import sys
from praison_persist import KNOWLEDGE_STORES as stores
print("duckdb" in stores.list_registered(), "duckdb" in sys.modules, stores.describe("duckdb").distribution)
for store in (stores.create("duck", path="test.db"), stores.create_from_url("duckdb:///test.db")):
    with store:
        print(type(store).__name__, *store.list_collections())
"""
    shown = run(python, "-c", code, cwd=tmp_path).splitlines()
    assert shown == ["True False praison-persist-duckdb", "DuckdbKnowledgeStore c", "DuckdbKnowledgeStore c"]


def test_the_command_line_and_doctor_show_it(python: Path, plugin: Path, tmp_path: Path) -> None:
    run(python, plugin / "tests" / "round_trip.py", cwd=tmp_path)
    command = python.parent / "praison-persist"
    listed = json.loads(run(command, "backends", "--json", cwd=tmp_path))["backends"]
    (entry,) = [entry for entry in listed if entry["name"] == "duckdb" and entry["installed"]]
    assert (entry["available"], entry["aliases"], entry["schemes"]) == (True, ["duck"], ["duckdb"])
    report = json.loads(run(command, "doctor", "--knowledge-url", "duckdb:///test.db", "--json", cwd=tmp_path))
    assert report["ok"] is True
    (store,) = report["stores"]
    assert store["backend"] == "duckdb"
    assert "DuckDB" in json.dumps(store)
    assert "duckdb" in run(command, "doctor", "--knowledge-url", "duckdb:///test.db", cwd=tmp_path)


def test_its_own_checks_pass(python: Path, plugin: Path) -> None:
    """What its workflow runs, with the tools of its extra: ruff, pyright, and the whole conformance suite."""
    ruff, pyright = python.parent / "ruff", python.parent / "pyright"
    run(ruff, "check", "--no-cache", ".", cwd=plugin)
    run(ruff, "format", "--no-cache", "--check", ".", cwd=plugin)
    report = json.loads(run(pyright, "--pythonpath", python, "--outputjson", cwd=plugin))
    assert (report["generalDiagnostics"], report["summary"]["filesAnalyzed"] > 5) == ([], True)
    run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--conformance-report", "reports", cwd=plugin)
    (path,) = (plugin / "reports").glob("*.json")
    conformance = json.loads(path.read_text())
    assert conformance["distribution"] == {"name": "praison-persist-duckdb", "version": "0.1.0"}
    assert conformance["summary"].keys() == {"passed", "not applicable"}
    beyond = {test["reason"] for test in conformance["tests"] if test["outcome"] == "not applicable"}
    assert beyond <= {"another process cannot open this target", "the target names no secret"}


def test_the_documentation_says_how_many_lines_its_author_wrote() -> None:
    counted = run(sys.executable, ROOT / "scripts" / "template_lines.py", cwd=ROOT).splitlines()
    kept, written, removed = map(int, re.findall(r"\d+", counted[-1]))
    page = PAGE.read_text(encoding="utf-8")
    assert f"kept {kept} lines of the template, wrote {written} and removed {removed}" in page.replace("\n", " ")


def test_every_command_of_the_page_runs(python: Path, tmp_path: Path) -> None:
    """With the command line from its wheel, which brings the template along; ``pip install`` is what `python` did."""
    names = {entry["name"] for entry in json.loads(run(UV, "pip", "list", "--python", python, "--format", "json"))}
    ran = []
    for line in re.findall(r"^    (\S.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        command = shlex.split(line)
        if command[:2] == ["pip", "install"]:
            assert {name.partition("[")[0] for name in command[2:]} <= names
            continue
        run(python.parent / command[0], *command[1:], cwd=tmp_path)
        ran.append(command[1])
    assert ran == ["new-backend", "new-backend", "doctor"]
    made = tmp_path / "praison-persist-duckdb" / "src" / "praison_persist_duckdb"
    same = ["__about__.py", "__init__.py", "knowledge.py", "plugin.py", "settings.py"]
    assert filecmp.cmpfiles(made, EXAMPLE / "src" / "praison_persist_duckdb", same, shallow=False)[0] == same
