"""The kit catches faults: each broken store fails the test that names its fault, and the correct one passes it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from praison_persist_testkit import ConversationConformance, KnowledgeConformance, StateConformance

pytest_plugins = ["pytester"]

FAULTS = Path(__file__).parent / "faults"
SUITES = {"conversations": ConversationConformance, "knowledge": KnowledgeConformance, "states": StateConformance}
OPTIONS = ("-p", "no:cacheprovider", "-p", "no:unraisableexception", "-p", "no:threadexception", "-W", "ignore", "-q")

TEST_FILE = """
import pytest
from praison_persist_testkit import {suite}, Target
from faults_{module} import {mutant}

class TestMutant({suite}):
    watchdog_seconds = {seconds}

    @pytest.fixture
    def target(self):
        return Target("mutant", factory={mutant}, shared=False, secret="hunter2")
"""


def load(name: str) -> ModuleType:
    module_name = f"faults_{name}"
    if module_name not in sys.modules:
        spec = importlib.util.spec_from_file_location(module_name, FAULTS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[module_name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[module_name])
    return sys.modules[module_name]


MUTANTS = [
    pytest.param(name, mutant.__name__, tests, id=f"{name}-{mutant.__name__}")
    for name in SUITES
    for mutant, tests in load(name).MUTANTS.items()
]


def run(pytester: pytest.Pytester, module: str, mutant: str, tests: str) -> tuple[list[str], list[str]]:
    seconds = 1.0 if mutant == "Hangs" else 30.0
    source = TEST_FILE.format(suite=SUITES[module].__name__, module=module, mutant=mutant, seconds=seconds)
    path = pytester.makepyfile(test_mutant=source)
    recorder = pytester.inline_run(path, "-k", tests, *OPTIONS)
    passed, _, failed = recorder.listoutcomes()
    return [one.nodeid for one in passed], [one.nodeid for one in failed]


@pytest.mark.parametrize(("module", "mutant", "tests"), MUTANTS)
def test_the_kit_catches_the_fault(pytester: pytest.Pytester, module: str, mutant: str, tests: str) -> None:
    _, failed = run(pytester, module, mutant, tests)
    assert failed, f"{mutant} passed {tests}"


@pytest.mark.parametrize("module", SUITES)
def test_the_correct_store_passes_the_same_tests(pytester: pytest.Pytester, module: str) -> None:
    tests = " or ".join(dict.fromkeys(load(module).MUTANTS.values()))
    passed, failed = run(pytester, module, "Correct", tests)
    assert failed == []
    assert len(passed) >= len(set(load(module).MUTANTS.values()))


def test_a_correct_async_store_passes_the_same_tests(pytester: pytest.Pytester) -> None:
    tests = " or ".join(dict.fromkeys(load("conversations").MUTANTS.values()))
    _, failed = run(pytester, "conversations", "Async", tests)
    assert failed == []


def test_there_are_enough_faults() -> None:
    assert len(MUTANTS) >= 90
