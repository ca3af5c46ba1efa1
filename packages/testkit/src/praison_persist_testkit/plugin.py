"""The pytest plugin: keeps suites from being thinned out by marks and skips, and writes conformance reports.

Loaded wherever the test kit is installed, so it imports no suite and does nothing for other tests.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

import pytest

from .policy import CLAUSE, suite_tests
from .report import Report

pytest.register_assert_rewrite(
    *(f"{__package__}.{name}" for name in ("conversation", "knowledge", "state", "exact", "lifecycle"))
)

__all__: list[str] = []

_PROPERTY = "praison_persist_conformance"
_FORBIDDEN = ("skip", "skipif", "xfail")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--conformance-report DIR``."""
    parser.getgroup("praison-persist").addoption(
        "--conformance-report",
        metavar="DIR",
        help="write one JSON file per praison-persist conformance class into DIR",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Start what this session needs."""
    config.pluginmanager.register(_Policy(), "praison-persist-policy")
    folder = config.getoption("--conformance-report")
    if folder:
        config.pluginmanager.register(_Reporter(Path(folder), config), "praison-persist-report")


def _is_clause(item: pytest.Item) -> bool:
    return hasattr(getattr(item, "function", None), CLAUSE)


class _Policy:
    """A suite runs whole: skipped as a class, with its reason shown, or not at all."""

    def __init__(self) -> None:
        self._skipped: dict[type, bool] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if not _is_clause(item):
            return
        own = [mark.name for mark in item.own_markers if mark.name in _FORBIDDEN]
        if not own and item.get_closest_marker("xfail") is not None:
            own = ["xfail"]
        if own:
            pytest.fail(f"a suite test cannot be marked {own[0]}; declare it in `deviations`", pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        needs_target = "target" in getattr(item, "fixturenames", ())
        if _is_clause(item) and needs_target and report.when == "setup" and not report.failed:
            cls = cast(type, getattr(item, "cls", type(item)))
            if self._skipped.setdefault(cls, report.skipped) is not report.skipped:
                report.outcome = "failed"
                report.longrepr = (
                    "some tests of this suite are skipped and others run: a suite is skipped as a whole, "
                    "and what a backend cannot do is declared in `deviations`"
                )
        return report


class _Reporter:
    """Collects from test reports, which reach the main process also under pytest-xdist."""

    def __init__(self, folder: Path, config: pytest.Config) -> None:
        self._folder = folder
        self._report = Report()
        self._is_worker = hasattr(config, "workerinput")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if _is_clause(item):
            cls = cast(type, getattr(item, "cls", type(item)))
            facts = {"backend": cls.__name__, "kind": getattr(cls, "kind", None), "class": cls.__qualname__}
            facts |= {"test": getattr(item, "originalname", item.name), "case": _case(item), "outcome": "passed"}
            facts |= {"clause": inspect.getdoc(getattr(item, "function", None))}
            item.user_properties.append((_PROPERTY, {**facts, "suite_tests": len(suite_tests(cls))}))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        facts: dict[str, Any] = {}
        for name, value in report.user_properties:
            if name == _PROPERTY:
                facts |= cast("dict[str, Any]", value)
        decided = report.when == "call" or (report.when == "setup" and not report.passed)
        if not facts or not (decided or (report.when == "teardown" and report.failed)):
            return
        node = report.nodeid.rpartition("::")[0]
        if report.failed:
            self._report.add(node, facts, error=_last_line(report))
        elif report.skipped and report.when == "setup":
            self._report.add(node, facts, skipped=_skip_reason(report))
        else:
            self._report.add(node, facts)

    def pytest_sessionfinish(self) -> None:
        if not self._is_worker:
            self._report.write(self._folder)


def _case(item: pytest.Item) -> str | None:
    return getattr(getattr(item, "callspec", None), "id", None)


def _last_line(report: pytest.TestReport) -> str:
    crash = getattr(getattr(report.longrepr, "reprcrash", None), "message", None)
    return str(crash if crash is not None else report.longrepr).strip().splitlines()[0][:300]


def _skip_reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    return str(report.longrepr)
