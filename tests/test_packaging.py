"""Every distribution, built as a wheel and installed alone into a clean environment, does what it promises."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PROJECTS = [ROOT / "core", *sorted(path.parent for path in (ROOT / "packages").glob("*/pyproject.toml"))]
UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv") or "uv"

PROBE = """
import json, sys
from importlib.metadata import distribution
from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES, API_VERSION

kinds = {"conversation": CONVERSATION_STORES, "knowledge": KNOWLEDGE_STORES, "state": STATE_STORES}
found = {kind: stores.list_registered() for kind, stores in kinds.items()}
assert not any(name.startswith("praison_persist_") for name in sys.modules), "listing imported a plugin"
for kind, stores in kinds.items():
    for name in (*found[kind], *stores.list_aliases()):
        assert stores.describe(name).problem is None, stores.describe(name)
        stores.resolve(name)
print(json.dumps(found))
"""


def project(path: Path) -> dict[str, object]:
    return tomllib.loads((path / "pyproject.toml").read_text())["project"]


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{' '.join(map(str, command[:6]))} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    for path in PROJECTS:
        run(UV, "build", "--wheel", "--out-dir", folder, path)
    return folder


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.name)
def test_a_wheel_installed_alone_works(path: Path, wheels: Path, tmp_path: Path) -> None:
    name = str(project(path)["name"])
    python = tmp_path / "venv" / "bin" / "python"
    run(UV, "venv", "--python", sys.executable, tmp_path / "venv")
    (wheel,) = wheels.glob(f"{name.replace('-', '_')}-[0-9]*.whl")
    run(UV, "pip", "install", "--python", python, "--find-links", wheels, wheel)
    run(UV, "pip", "check", "--python", python)
    found = json.loads(run(python, "-c", PROBE, cwd=tmp_path))
    # The command line brings agents along, and so its generic backend.
    owners = [path, *(other for other in PROJECTS[1:] if str(project(other)["name"]) in requirements(path))]
    declared = {
        kind: sorted(
            {
                name
                for owner in owners
                for name in project(owner).get("entry-points", {}).get(f"praisonai.{kind}_stores", {})
            }
        )
        for kind in found
    }
    assert found == declared
    round_trip = path / "tests" / "round_trip.py"
    if round_trip.is_file():
        run(python, "-c", round_trip.read_text(encoding="utf-8"), cwd=tmp_path)


def requirements(path: Path) -> set[str]:
    """The names of what a package depends on."""
    return {re.split(r"[^A-Za-z0-9._-]", str(each), maxsplit=1)[0] for each in project(path)["dependencies"]}


def test_every_package_has_a_round_trip() -> None:
    assert [path.name for path in PROJECTS[1:] if not (path / "tests" / "round_trip.py").is_file()] == []


def test_the_core_pulls_nothing_else(wheels: Path, tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    run(UV, "venv", "--python", sys.executable, tmp_path / "venv")
    run(UV, "pip", "install", "--python", python, *wheels.glob("praison_persist-[0-9]*.whl"))
    installed = json.loads(run(UV, "pip", "list", "--python", python, "--format", "json"))
    assert [package["name"] for package in installed] == ["praison-persist"]


def test_extras_of_the_core_name_every_package(wheels: Path) -> None:
    extras = project(ROOT / "core")["optional-dependencies"]
    wanted = {path.name: [str(project(path)["name"])] for path in PROJECTS[1:]}
    named = {
        extra: [requirement.partition(">")[0].strip() for requirement in requirements]
        for extra, requirements in extras.items()
        if extra != "all"
    }
    assert named == wanted


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.name)
def test_a_wheel_holds_its_package_its_licence_and_its_types_only(path: Path, wheels: Path) -> None:
    name = str(project(path)["name"]).replace("-", "_")
    (wheel,) = wheels.glob(f"{name}-[0-9]*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {entry.split("/")[0].split("-")[0] for entry in names} == {name}
    assert f"{name}/py.typed" in names
    assert any(entry.endswith("/licenses/LICENSE") for entry in names)
    assert not any("tests" in entry.split("/") for entry in names)
