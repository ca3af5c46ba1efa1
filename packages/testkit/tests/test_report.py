"""Reports and the command: what the capability matrix is made from, and the suite without a test file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from praison_persist_testkit.__main__ import main
from praison_persist_testkit.policy import suite_tests
from praison_persist_testkit.state import StateConformance

pytest_plugins = ["pytester"]

SOURCE = """
import pytest
from praison_persist.errors import *
from praison_persist_memory import MemoryStateStore
from praison_persist_testkit import StateConformance, Target, never

class Broken(MemoryStateStore):
    def incr(self, key, amount=1):
        raise UnsupportedError("cannot count")

    def exists(self, key):
        return True

class TestMemory(StateConformance):
    deviations = {"test_incr_loses_nothing": never("it cannot count", raises=UnsupportedError)}

    @pytest.fixture
    def target(self):
        return Target("memory", factory=Broken, shared=False)

class TestAbsent(StateConformance):
    @pytest.fixture
    def target(self):
        pytest.skip("no server here")

def test_something_else():
    pass
"""
CHOSEN = "test_incr_loses or test_set_replaces or test_delete_says or test_secrets or intact or test_something"


@pytest.fixture
def reports(pytester: pytest.Pytester) -> dict[str, dict[str, object]]:
    path = pytester.makepyfile(SOURCE)
    options = ("-p", "no:cacheprovider", "-W", "ignore", "-q", "-k", CHOSEN, "--conformance-report", "out/reports")
    pytester.runpytest_inprocess(path, *options)
    return {file.name: json.loads(file.read_text()) for file in (pytester.path / "out/reports").iterdir()}


def test_there_is_one_report_per_class(reports: dict[str, dict[str, object]]) -> None:
    assert sorted(reports) == ["state-memory-testmemory.json", "state-testabsent-testabsent.json"]


def test_a_report_says_what_happened_to_every_test(reports: dict[str, dict[str, object]]) -> None:
    report = reports["state-memory-testmemory.json"]
    outcomes = {
        entry["test"]: (entry["outcome"], entry["reason"] and entry["reason"].removeprefix("AssertionError: "))
        for entry in report["tests"]  # type: ignore[attr-defined]
    }
    assert outcomes == {
        "test_set_replaces_the_value": ("passed", None),
        "test_delete_says_whether_there_was_one": ("failed", "assert True is False"),
        "test_incr_loses_nothing": ("never", "it cannot count"),
        "test_secrets_never_show": ("not applicable", "the target names no secret"),
        "test_suite_is_intact": ("passed", None),
    }
    assert report["summary"] == {"failed": 1, "never": 1, "not applicable": 1, "passed": 2}
    assert report["suite_tests"] == len(suite_tests(StateConformance))


def test_a_report_says_what_was_tested_and_where(reports: dict[str, dict[str, object]]) -> None:
    report = reports["state-memory-testmemory.json"]
    assert (report["backend"], report["kind"], report["async"]) == ("memory", "state", False)
    assert str(report["store"]).endswith(".Broken")
    distribution = report["distribution"]
    assert isinstance(distribution, dict)
    assert distribution["name"] == "praison-persist-memory"
    assert report["core"]
    assert set(report["environment"]) == {"python", "implementation", "system", "machine"}  # type: ignore[call-overload]


def test_a_skipped_suite_is_reported_with_its_reason(reports: dict[str, dict[str, object]]) -> None:
    report = reports["state-testabsent-testabsent.json"]
    entries = [entry for entry in report["tests"] if entry["test"] != "test_suite_is_intact"]  # type: ignore[attr-defined]
    assert {entry["outcome"] for entry in entries} == {"skipped"}
    assert all("no server here" in entry["reason"] for entry in entries)


def test_every_entry_carries_its_sentence(reports: dict[str, dict[str, object]]) -> None:
    report = reports["state-memory-testmemory.json"]
    for entry in report["tests"]:  # type: ignore[attr-defined]
        assert entry["clause"].endswith("."), entry


def test_the_command_runs_a_suite_and_writes_its_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    arguments = ["run", "memory", "--kind", "state", "--not-shared", "--report", str(report), "--only", "test_incr"]
    assert main(arguments) == 0
    document = json.loads(report.read_text())
    assert document["backend"] == "memory"
    assert document["summary"]["passed"] >= 4
    assert "passed" in capsys.readouterr().out


def test_the_command_passes_options_and_says_when_a_backend_fails(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    arguments = ["run", "memory", "--kind", "state", "--option", f"path={path}", "--only", "test_set_replaces"]
    assert main(arguments) == 0
    assert path.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "no_such_backend", "--kind", "state"],
        ["run", "memory", "--kind", "state", "--option", "no_such_option=1"],
        ["run", "memory", "--kind", "state", "--url", "redis://user:hunter2@host"],
    ],
)
def test_what_cannot_start_is_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("error: ")
    assert "Traceback" not in shown.err
    assert "hunter2" not in shown.out + shown.err


def test_the_command_refuses_a_place_with_data_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from praison_persist_memory import MemoryStateStore

    with MemoryStateStore(path=tmp_path / "state.json") as store:
        store.set("precious", 1)
    assert main(["run", "memory", "--kind", "state", "--option", f"path={tmp_path}/state.json"]) == 2
    assert "not empty" in capsys.readouterr().err
    with MemoryStateStore(path=tmp_path / "state.json") as store:
        assert store.get("precious") == 1


def test_an_option_needs_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["run", "memory", "--kind", "state", "--option", "path"])
    assert stopped.value.code == 2
    assert "KEY=VALUE" in capsys.readouterr().err
