"""What the template renders is a working package at once: every combination of kinds, style and modes.

Each is rendered, built, installed and used; ruff and pyright read all of them; and every store that differs in a single
line from the others runs its whole conformance suite. ``PRAISON_PERSIST_FULL=1`` runs the suites of equal stores too.
"""

from __future__ import annotations

import filecmp
import hashlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from copier import run_copy

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
FULL = os.environ.get("PRAISON_PERSIST_FULL") == "1"
KINDS = ("conversation", "knowledge", "state")
LONGEST = "n" * 18


@dataclass(frozen=True)
class Combination:
    """The answers that decide which files there are."""

    kinds: tuple[str, ...]
    style: str
    modes: str

    @property
    def name(self) -> str:
        return f"t_{''.join(kind[0] for kind in self.kinds)}_{self.style}_{self.modes}"

    @property
    def stores(self) -> list[tuple[str, str]]:
        """Kind and registered name of each store; the first name is the one of aliases and schemes."""
        names = [self.name] * (self.modes != "async") + [f"async_{self.name}"] * (self.modes != "sync")
        return [(kind, name) for kind in self.kinds for name in names]


COMBINATIONS = {
    combination.name: combination
    for count in (1, 2, 3)
    for kinds in itertools.combinations(KINDS, count)
    for style in ("sql", "sdk")
    for modes in ("sync", "async", "both")
    if (kinds, style) != (("knowledge",), "sdk")  # is not asked: knowledge always uses the client
    for combination in [Combination(kinds, style, modes)]
}

# Builds every wheel as a frontend does, in an environment that holds the build backend.
BUILD = """
import os, sys
from hatchling.build import build_wheel
for project in sys.argv[2:]:
    os.chdir(project)
    build_wheel(sys.argv[1])
"""

# Uses every store by name, alias and scheme; and each package as its README says, and its own round trip.
USE = """
import asyncio, inspect, json, os, pathlib, re, runpy, sys
import praison_persist

async def settle(answer):
    return await answer if inspect.isawaitable(answer) else answer

async def use(store, kind):
    assert (await settle(store.health())).backend == store.backend
    if kind == "conversation":
        await settle(store.create_session(praison_persist.ConversationSession("s")))
        await settle(store.add_message("s", praison_persist.ConversationMessage(role="user", content="Hello")))
        found = [message.content for message in await settle(store.get_messages("s", limit=1))]
    elif kind == "knowledge":
        await settle(store.create_collection("c", dimension=2))
        await settle(store.insert("c", [praison_persist.KnowledgeDocument(id="a", content="Hello", embedding=[1, 0])]))
        found = [document.content for document in await settle(store.search("c", [1, 0]))]
    else:
        await settle(store.set("k", "Hello", ttl=60))
        found = [await settle(store.get("k"))]
    await settle(store.close())
    return found

shown = {}
for package, stores in json.loads(sys.argv[1]).items():
    os.mkdir(package)
    os.chdir(package)
    shown[package] = []
    for kind, name in stores:
        registry = getattr(praison_persist, f"{kind.upper()}_STORES")
        store = registry.create(name, path=f"{kind}-{name}.db")
        shown[package].append([kind, name, registry.describe(name).distribution, type(store).__name__])
        assert asyncio.run(use(store, kind)) == ["Hello"], (kind, name)
    for kind in {kind for kind, _ in stores}:
        registry = getattr(praison_persist, f"{kind.upper()}_STORES")
        main = next(name for other, name in stores if other == kind)
        expected = type(registry.create(main)).__name__
        assert registry.list_aliases()[package + "_alias"] == main
        assert type(registry.create(package + "_alias")).__name__ == expected
        assert type(registry.create_from_url(package.replace("_", "") + ":///test.db")).__name__ == expected
    readme = pathlib.Path(sys.argv[2], package, "README.md").read_text()
    (example,) = re.findall(r"^```python\\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})
    runpy.run_path(os.path.join(sys.argv[2], package, "tests", "round_trip.py"), run_name="__main__")
    os.chdir("..")
print(json.dumps(shown))
"""


def run(*command: object, cwd: Path, timeout: int = 900, **changes: str) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env={**os.environ, **changes}, capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As a wheel of the command line has it: without a repository around it, of which copier would take a clone."""
    folder = tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT / "scripts" / "template", folder / "scripts" / "template")
    shutil.copy(ROOT / "copier.yml", folder)
    return folder


@pytest.fixture(scope="session")
def rendered(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every combination, side by side, and their wheels installed into ``site``."""
    folder = tmp_path_factory.mktemp("rendered")
    for name, combination in COMBINATIONS.items():
        render(template, folder / name, name, combination, aliases=f"{name}_alias")
    projects = [folder / name for name in COMBINATIONS]
    run(sys.executable, "-c", BUILD, folder / "wheels", *projects, cwd=folder)
    wheels = sorted((folder / "wheels").glob("*.whl"))
    assert len(wheels) == len(COMBINATIONS)
    uv = shutil.which("uv", path=str(BIN)) or "uv"
    install = (uv, "pip", "install", "--quiet", "--python", sys.executable, "--no-deps")
    run(*install, "--target", folder / "site", *wheels, cwd=folder)
    return folder


def render(template: Path, folder: Path, name: str, combination: Combination, **answers: str) -> None:
    given = {"name": name, "kinds": list(combination.kinds), "style": combination.style, "modes": combination.modes}
    run_copy(str(template), folder, data={**given, **answers}, defaults=True, quiet=True)


@pytest.fixture(scope="session")
def used(rendered: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[str]]]:
    """Of each package its stores, as its users found them."""
    stores = json.dumps({name: combination.stores for name, combination in COMBINATIONS.items()})
    folder = tmp_path_factory.mktemp("used")
    site = str(rendered / "site")
    shown = run(sys.executable, "-W", "error", "-c", USE, stores, rendered, cwd=folder, PYTHONPATH=site)
    return json.loads(shown.splitlines()[-1])  # after what the examples print


@pytest.mark.parametrize("name", COMBINATIONS)
def test_its_wheel_is_found_and_used_by_name_alias_and_scheme(used: dict[str, list[list[str]]], name: str) -> None:
    cls = "".join(part.capitalize() for part in name.split("_"))
    assert used[name] == [
        [kind, store, f"praison-persist-{name.replace('_', '-')}",
         f"{'Async' * store.startswith('async_')}{cls}{kind.capitalize()}Store"]
        for kind, store in COMBINATIONS[name].stores
    ]  # fmt: skip


@pytest.mark.parametrize("name", COMBINATIONS)
def test_its_readme_names_the_order_of_the_parts_that_there_are(rendered: Path, name: str) -> None:
    folder = rendered / name / "src" / f"praison_persist_{name}"
    steps = re.findall(r"^(\d)\. (.*)$", (rendered / name / "README.md").read_text(), re.MULTILINE)
    assert [int(number) for number, _ in steps] == list(range(1, len(steps) + 1))
    named = [part for _, step in steps for part in re.findall(r"`(?:tests/)?(\w+)\.py`", step)]
    assert named[-1] == "test_conformance"
    parts = {path.stem for path in folder.glob("*.py")} - {"__init__", "__about__", "plugin", "async_plugin"}
    assert set(named[:-1]) == {part for part in parts if part.removeprefix("async_") not in KINDS}


def test_ruff_and_pyright_have_nothing_to_say(rendered: Path) -> None:
    for name in COMBINATIONS:  # by the configuration of each
        assert "[tool.ruff]" in (rendered / name / "pyproject.toml").read_text()
    run(BIN / "ruff", "check", "--no-cache", *COMBINATIONS, cwd=rendered)
    run(BIN / "ruff", "format", "--no-cache", "--check", *COMBINATIONS, cwd=rendered)
    config = {"include": [f"{name}/src" for name in COMBINATIONS], "pythonVersion": "3.10"}
    (rendered / "pyrightconfig.json").write_text(json.dumps(config))
    report = json.loads(run(BIN / "pyright", "--pythonpath", sys.executable, "--outputjson", cwd=rendered))
    assert report["generalDiagnostics"] == []
    sources = sum(len(list((rendered / name / "src").rglob("*.py"))) for name in COMBINATIONS)
    assert report["summary"]["filesAnalyzed"] == sources


# -- the conformance suites --------------------------------------------------------------------------------------------


def digest(rendered: Path, name: str, store: str, kind: str) -> str:
    """Of every module of the package that a store reaches, with the package's name taken out."""
    package = rendered / name / "src" / f"praison_persist_{name}"
    cls = "".join(part.capitalize() for part in name.split("_"))
    sources: dict[str, str] = {}
    waiting = [f"{'async_' * store.startswith('async_')}{kind}"]
    while waiting:
        module = waiting.pop()
        if module not in sources:
            text = (package / f"{module}.py").read_text()
            sources[module] = re.sub(rf"{cls}|{name}|{name.replace('_', '')}", "NAME", text)
            waiting += re.findall(r"^\s*from \.(\w+) import", text, re.MULTILINE)
    return hashlib.sha256(json.dumps([sorted(sources.items()), name if FULL else ""]).encode()).hexdigest()


def suite(store: str, kind: str) -> str:
    return f"Test{'Async' * store.startswith('async_')}{kind.capitalize()}"


@pytest.fixture(scope="session")
def reports(rendered: Path) -> dict[str, dict[str, Any]]:
    """The conformance report of each store, by its digest; equal stores run once."""
    first: dict[str, tuple[str, str, str]] = {}
    for name, combination in sorted(COMBINATIONS.items(), key=lambda item: -len(item[1].stores)):
        for kind, store in combination.stores:
            first.setdefault(digest(rendered, name, store, kind), (name, store, kind))
    nodes = [f"{name}/tests/test_conformance.py::{suite(store, kind)}" for name, store, kind in first.values()]
    warnings = "error::RuntimeWarning", "error::pytest.PytestUnraisableExceptionWarning"
    (rendered / "pytest.ini").write_text("[pytest]\nfilterwarnings =\n" + "".join(f"    {each}\n" for each in warnings))
    options = ("-q", "-p", "no:cacheprovider", "--import-mode=importlib", "--conformance-report", "reports")
    site = str(rendered / "site")
    run(sys.executable, "-m", "pytest", *options, *nodes, cwd=rendered, timeout=3000, PYTHONPATH=site)
    found = {}
    for path in (rendered / "reports").glob("*.json"):
        report = json.loads(path.read_text())
        found[report["kind"], report["backend"]] = report
    return {key: found[kind, store] for key, (_, store, kind) in first.items()}


@pytest.mark.parametrize("name", COMBINATIONS)
def test_its_stores_pass_the_whole_conformance_suites(
    rendered: Path, reports: dict[str, dict[str, Any]], name: str
) -> None:
    tests = (rendered / name / "tests" / "test_conformance.py").read_text()
    for kind, store in COMBINATIONS[name].stores:
        assert f"class {suite(store, kind)}({kind.capitalize()}Conformance):" in tests
        report = reports[digest(rendered, name, store, kind)]
        assert (report["kind"], report["async"]) == (kind, store.startswith("async_"))
        assert len({test["test"] for test in report["tests"]}) == report["suite_tests"]
        assert report["summary"].keys() <= {"passed", "not applicable"}
        assert report["summary"]["passed"] > 100


def test_stores_are_equal_in_any_company(rendered: Path) -> None:
    """Ten stores in all: two styles of conversations and state, one of knowledge, blocking and asynchronous."""
    every = [(name, *store) for name, combination in COMBINATIONS.items() for store in combination.stores]
    different = {digest(rendered, name, store, kind) for name, kind, store in every}
    assert len(different) == (len(every) if FULL else 10)


# -- in the workspace --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def workspace(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages of a workspace with this repository's configuration: each kind and style, under short and long names."""
    folder = tmp_path_factory.mktemp("workspace")
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "core").symlink_to(ROOT / "core")
    (folder / "packages").mkdir()
    (folder / "packages" / "testkit").symlink_to(ROOT / "packages" / "testkit")
    wanted = [combination for combination in COMBINATIONS.values() if combination.modes == "both"]
    for number, combination in enumerate(wanted):
        name = chr(ord("a") + number) * (len(LONGEST) if number % 2 else 1)
        render(template, folder / "packages" / name, name, combination, place="workspace")
    return folder


def test_in_the_workspace_the_repositorys_ruff_has_nothing_to_say(workspace: Path) -> None:
    packages = sorted(path for path in (workspace / "packages").iterdir() if not path.is_symlink())
    assert len(packages) == 13
    run(BIN / "ruff", "check", "--no-cache", *packages, cwd=workspace)
    run(BIN / "ruff", "format", "--no-cache", "--check", *packages, cwd=workspace)


def test_modules_do_not_depend_on_the_place(template: Path) -> None:
    """So what is tested above holds in the workspace too."""
    modules = list((template / "scripts" / "template" / "src").rglob("*.jinja"))
    assert len(modules) > 15
    assert [path.name for path in modules if re.search(r"\{[{%][^}]*\bplace\b", path.read_text())] == []


# -- the command -------------------------------------------------------------------------------------------------------


def test_the_command_renders_the_same(rendered: Path, tmp_path: Path) -> None:
    name = "t_cks_sdk_both"
    answers = ["--name", name, *(part for kind in KINDS for part in ("--kind", kind)), "--style", "sdk"]
    answers += ["--modes", "both", "--aliases", f"{name}_alias", "--yes"]
    run(sys.executable, "-m", "praison_persist_cli", "new-backend", name, *answers, cwd=tmp_path)
    files = [path.relative_to(tmp_path) for path in (tmp_path / name).rglob("*") if path.is_file()]
    assert len(files) > 20
    assert filecmp.cmpfiles(tmp_path, rendered, files, shallow=False) == (files, [], [])


def test_a_wrong_answer_is_wrong_usage_and_writes_nothing(tmp_path: Path) -> None:
    wrong_answers = (("--name", "No-Name"), ("--name", "x", "--kind", "queue"), ("--name", LONGEST + "n"), ())
    for wrong in wrong_answers:
        command = [sys.executable, "-m", "praison_persist_cli", "new-backend", "out", "--json", *wrong]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 2, done
        assert '"hint"' in done.stderr
        assert not (tmp_path / "out").exists()
