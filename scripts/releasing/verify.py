"""Tries wheels as a user gets them: each alone, in a fresh environment outside the tree.

On its lowest and its newest dependencies; trusts nothing of the checkout but the testkit and the packages' metadata.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from configparser import ConfigParser
from email.parser import Parser
from pathlib import Path

import workspace
from workspace import KINDS, Package

from .common import ROOT, StepError, main, run

RESOLUTIONS = ("lowest-direct", "highest")

PROBE = """
import importlib, json, sys
from praison_persist import API_VERSION, CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES, __version__
module, declared = sys.argv[1], json.loads(sys.argv[2])
kinds = {"conversation": CONVERSATION_STORES, "knowledge": KNOWLEDGE_STORES, "state": STATE_STORES}
for kind, stores in kinds.items():
    missing = set(declared.get(kind, ())) - set(stores.list_registered())
    assert not missing, f"not registered: {sorted(missing)}"
assert module == "praison_persist" or module not in sys.modules, "listing imported the plugin"
for kind, stores in kinds.items():
    for name in declared.get(kind, ()):
        stores.resolve(name)
assert "site-packages" in importlib.import_module(module).__file__
print(f"praison-persist {__version__}, plugin API {'.'.join(map(str, API_VERSION))}")
"""

SMOKE = {
    "conversation": "test_a_batch_is_appended_in_order or test_a_retried_batch_stores_each_message_once",
    "knowledge": "test_a_new_collection_exists_and_is_empty or test_collections_are_listed_sorted"
    " or test_creating_a_collection_twice_is_refused",
    "state": "test_incr_adds_and_returns_the_sum or test_missing_means_that_there_is_no_key",
}
"""Some quick tests of the conformance suite, of each kind."""


def step() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/verify_wheel",
        description="Install each wheel into fresh environments and try it. Exit codes: 0, 1 one fails, 2 usage.",
    )
    parser.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL")
    parser.add_argument("--resolution", choices=RESOLUTIONS, action="append", help="dependencies; default: both")
    parser.add_argument("--index", metavar="URL", help="index to look at first; default: uv's own")
    parser.add_argument("--find-links", type=Path, metavar="DIR", help="wheels that are not on an index yet")
    parser.add_argument("--python", default=sys.executable, metavar="PYTHON", help="version or path; default: this one")
    given = parser.parse_args()
    sources = ["--index", given.index] if given.index else []
    sources += ["--find-links", str(given.find_links.resolve())] if given.find_links else []
    for wheel in given.wheels:
        for resolution in given.resolution or RESOLUTIONS:
            try:
                found = verify(wheel.resolve(), resolution=resolution, sources=sources, python=given.python)
            except StepError as exc:
                raise StepError(f"{wheel.name} on its {resolution} dependencies: {exc}") from None
            print(f"{wheel.name} on its {resolution} dependencies: {found}")
    return 0


def verify(wheel: Path, *, resolution: str, sources: Sequence[str], python: str) -> str:
    """What was seen of a wheel that works.

    Raises:
        StepError: it does not.
    """
    with zipfile.ZipFile(wheel) as archive:
        (info,) = {
            name.partition("/")[0] for name in archive.namelist() if name.partition("/")[0].endswith(".dist-info")
        }
        header = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
    # uv takes the lowest of what is asked for directly, so the wheel's own requirements are.
    requires = [each for each in header.get_all("Requires-Dist", []) if "extra ==" not in each]
    package = next((each for each in workspace.read(ROOT).everything if each.name == header["Name"]), None)
    if package is None:
        raise StepError(f"{header['Name']} is no package of this repository")
    return attempt(package, [str(wheel), *requires, "--resolution", resolution, *sources], python=python)


def attempt(package: Package, install: Sequence[str], *, python: str) -> str:
    """Install into a fresh environment, import, list, resolve; some conformance tests where no server is needed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        own = folder / "venv" / "bin" / "python"
        run("uv", "venv", "--quiet", "--python", python, folder / "venv", cwd=folder)
        run("uv", "pip", "install", "--quiet", "--python", own, *install, cwd=folder)
        run("uv", "pip", "check", "--python", own, cwd=folder)
        declared = _declared(next((folder / "venv").glob(f"lib/*/site-packages/{package.module}-*.dist-info")))
        seen = run(own, "-I", "-c", PROBE, package.module, json.dumps(declared), cwd=folder).strip()
        versions = json.loads(run("uv", "pip", "list", "--python", own, "--format", "json", cwd=folder))
        needed = {workspace.requirement_name(each) for each in package.dependencies}
        drivers = [
            f"{each['name']} {each['version']}" for each in versions if each["name"] in needed - {"praison-persist"}
        ]
        return ", ".join([seen, *drivers, *_smoke(package, declared, own, folder)])


def _declared(info: Path) -> dict[str, list[str]]:
    """The backends that an installed distribution declares, by kind."""
    parser = ConfigParser(delimiters=("=",))
    path = info / "entry_points.txt"
    parser.read_string(path.read_text(encoding="utf-8") if path.exists() else "")
    groups = {kind: f"praisonai.{kind}_stores" for kind in KINDS}
    return {kind: list(parser[group]) for kind, group in groups.items() if parser.has_section(group)}


def _smoke(package: Package, declared: dict[str, list[str]], python: Path, folder: Path) -> list[str]:
    cases = [(kind, name) for kind, names in declared.items() for name in names if name in package.embedded]
    if cases:
        run("uv", "pip", "install", "--quiet", "--python", python, ROOT / "packages" / "testkit", cwd=folder)
    for kind, name in cases:
        url = package.embedded[name].replace("{tmp}", str(folder))
        command = [python, "-m", "praison_persist_testkit", "run", name, "--kind", kind, "--url", url]
        run(*command, "--not-shared", "--only", SMOKE[kind], cwd=folder)
    return [f"{kind} tests on {name}" for kind, name in cases]


if __name__ == "__main__":
    main(step)
