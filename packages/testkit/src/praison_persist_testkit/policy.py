"""The policy against silent gaps: a suite runs whole, and what a backend cannot do is declared with its reason.

Rules only; `praison_persist_testkit.suite` applies them when a test runs, `plugin` when tests are collected.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

from praison_persist.errors import PersistError

__all__ = ["CLAUSE", "Deviation", "declared_for", "never", "notimpl", "notyet", "suite_tests", "violations"]

Errors = type[BaseException] | tuple[type[BaseException], ...]

CLAUSE = "praison_persist_clause"
"""The attribute that marks a function as a test of the suites."""

_DEFAULT: tuple[type[BaseException], ...] = (AssertionError, PersistError)


@dataclass(frozen=True)
class Deviation:
    """A declared failure of one test: it still runs, and must fail with ``raises``.

    Attributes:
        status: ``never`` the engine cannot, ``notyet`` a known fault, ``notimpl`` not written.
        reason: one sentence for the capability matrix.
        raises: the only exceptions that count as this deviation.
    """

    status: Literal["never", "notyet", "notimpl"]
    reason: str
    raises: Errors = _DEFAULT

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("a deviation needs a reason")


def never(reason: str, *, raises: Errors = _DEFAULT) -> Deviation:
    """The engine cannot do this, and will not."""
    return Deviation("never", reason, raises)


def notyet(reason: str, *, raises: Errors = _DEFAULT) -> Deviation:
    """A known fault of this backend that is to be repaired."""
    return Deviation("notyet", reason, raises)


def notimpl(reason: str, *, raises: Errors = _DEFAULT) -> Deviation:
    """The engine could, the backend does not do it."""
    return Deviation("notimpl", reason, raises)


def declared_for(cls: type, test: str, case: str | None) -> Deviation | None:
    """The deviation of a test; one for its case (``"test_x[nul]"``) goes before one for all its cases."""
    deviations: dict[str, Deviation] = getattr(cls, "deviations", {})
    return deviations.get(f"{test}[{case}]") or deviations.get(test)


def suite_tests(cls: type) -> dict[str, Callable[..., Any]]:
    """The tests that a conformance class was written with, whatever a subclass did to them."""
    found: dict[str, Callable[..., Any]] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.partition(".")[0] == __package__:
            found.update({name: value for name, value in vars(base).items() if hasattr(value, CLAUSE)})
    return found


def violations(cls: type) -> Iterator[str]:
    """What this class did to its suite without declaring it, one sentence each."""
    tests = suite_tests(cls)
    for name, original in tests.items():
        current = inspect.getattr_static(cls, name, None)
        if current is None:
            yield f"{name} was deleted or set to None"
        elif current is not original:
            yield f"{name} was replaced by {_describe(current)}"
    deviations = cast("dict[Any, Any]", getattr(cls, "deviations", {}))
    for key, deviation in deviations.items():
        if not isinstance(deviation, Deviation):
            yield f"deviations[{key!r}] is {_describe(deviation)}, not never(...), notyet(...) or notimpl(...)"
        match = re.fullmatch(r"(\w+)(?:\[(.+)\])?", str(key), re.DOTALL)
        if match is None or match[1] not in tests:
            yield f"deviations names {key!r}, which is no test of this suite"
        elif match[2] is not None and match[2] not in cases(tests[match[1]]):
            yield f"deviations names {key!r}, but {match[1]} has the cases {', '.join(cases(tests[match[1]]))}"
    for name in sorted(getattr(cls, "unsupported_filters", ())):
        if name not in getattr(cls, "filter_names", ()):
            yield f"unsupported_filters names {name!r}, which is no filter case"


def cases(test: Callable[..., Any]) -> list[str]:
    """The case ids of a parametrized test of the suites (one parametrization at most)."""
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    return [str(id_) for mark in marks for id_ in mark.kwargs["ids"]]


def _describe(value: object) -> str:
    return f"a {type(value).__name__}" if not callable(value) else f"{getattr(value, '__qualname__', value)}"
