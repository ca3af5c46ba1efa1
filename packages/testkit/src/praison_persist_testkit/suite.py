"""The base of every suite: how a clause of the contract becomes a pytest test, and what surrounds each one.

Needs, watchdog, leak check and deviations; no clause itself except that the suite is whole.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, TypeVar, overload

import pytest

from . import policy
from .leaks import Snapshot, recorded_warnings
from .policy import CLAUSE, Deviation
from .running import Harness, NotApplicable, watchdog
from .target import Kind, Target

__all__ = ["PROPERTY", "Suite", "case", "clause", "each"]

PROPERTY = "praison_persist_conformance"
"""Name of the user property in which each test hands its facts to the report."""

Body = TypeVar("Body", bound=Callable[..., Any])


@dataclass(frozen=True)
class Needs:
    """What a clause needs of the target or store to say anything."""

    shared: bool = False
    processes: bool = False
    secret: bool = False
    only: Literal["sync", "async"] | None = None


@overload
def clause(body: Body, /) -> Body: ...


@overload
def clause(
    *, shared: bool = False, processes: bool = False, secret: bool = False, only: Literal["sync", "async"] | None = None
) -> Callable[[Body], Body]: ...


def clause(
    body: Callable[..., Any] | None = None,
    /,
    *,
    shared: bool = False,
    processes: bool = False,
    secret: bool = False,
    only: Literal["sync", "async"] | None = None,
) -> Any:
    """A clause of the contract: the body (a coroutine over ``store``, or a function of ``harness``) as a pytest test.

    Args:
        body: its parameters are ``store`` (an open `Handle`), ``harness``, and those of its parametrization;
            its docstring is the sentence of the contract.
        shared: needs a second store on the same data.
        processes: needs another process on the same data.
        secret: needs a target with a secret.
        only: for sync or for async stores.
    """
    needs = Needs(shared, processes, secret, only)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        provided = ("self", "store", "harness")
        parameters = [p for name, p in inspect.signature(function).parameters.items() if name not in provided]
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD

        @functools.wraps(function)
        def test(self: Suite, target: Target, request: pytest.FixtureRequest, **case: Any) -> None:
            _run(function, needs, self, target, request, case)

        own = [inspect.Parameter(name, kind) for name in ("self", "target", "request")]
        test.__signature__ = inspect.Signature([*own, *parameters])  # type: ignore[attr-defined]
        setattr(test, CLAUSE, True)
        return test

    return decorate if body is None else decorate(body)


class Suite:
    """Inherit a conformance class, give it a ``target`` fixture, and declare what deviates.

    Attributes:
        kind: kind of store.
        deviations: test name, or ``"test_x[case]"``, to `never`, `notyet` or `notimpl`.
        watchdog_seconds: how long one test may take.
        process_threads, process_descriptors: how many threads and descriptors the driver keeps until the
            process ends, however many stores are closed; more than that is a leak.
    """

    kind: ClassVar[Kind]
    deviations: ClassVar[Mapping[str, Deviation]] = {}
    watchdog_seconds: ClassVar[float] = 60.0
    process_threads: ClassVar[int] = 0
    process_descriptors: ClassVar[int] = 0
    leftovers: ClassVar[tuple[int, int]] = (0, 0)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if found := list(policy.violations(cls)):
            raise TypeError(f"{cls.__qualname__}: " + "; ".join(found))

    @pytest.fixture
    def target(self) -> Target:
        """An empty place for one test's data; every subclass overrides this."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture named target")

    def test_suite_is_intact(self) -> None:
        """Every test of the suite is there as it was written, and every deviation names one of them."""
        assert list(policy.violations(type(self))) == []

    setattr(test_suite_is_intact, CLAUSE, True)


def _run(
    body: Callable[..., Any],
    needs: Needs,
    suite: Suite,
    target: Target,
    request: pytest.FixtureRequest,
    case: dict[str, Any],
) -> None:
    cls = type(suite)
    case_id = getattr(getattr(request.node, "callspec", None), "id", None)
    deviation = policy.declared_for(cls, body.__name__, case_id)
    facts = {"backend": target.name, "kind": cls.kind, "class": cls.__qualname__, "test": body.__name__}
    facts |= {"case": case_id, "clause": inspect.getdoc(body), "outcome": "failed", "reason": None}
    request.node.user_properties.append((PROPERTY, facts))

    def skip(reason: str) -> None:
        facts.update(outcome="not applicable", reason=reason)
        pytest.skip(f"not applicable: {reason}")

    target = replace(target, kind=cls.kind)
    for needed, present, what in (
        (needs.shared, target.shared, "two stores of this target do not share their data"),
        (needs.processes, target.processes, "another process cannot open this target"),
        (needs.secret, target.secret is not None, "the target names no secret"),
    ):
        if needed and not present:
            skip(what)
    try:
        _execute(body, needs, suite, target, case, facts)
    except NotApplicable as exc:
        skip(str(exc))
    except pytest.skip.Exception as exc:
        raise AssertionError(f"skipped without declaration: {exc}") from exc
    except BaseException as exc:
        if deviation is None or not isinstance(exc, deviation.raises):
            raise
        facts.update(outcome=deviation.status, reason=deviation.reason)
        pytest.xfail(f"{deviation.status}: {deviation.reason}")
    if deviation is not None:
        facts.update(reason=f"declared as {deviation.status}, but passes")
        raise AssertionError(f"declared as {deviation.status} ({deviation.reason}), but passes: remove the deviation")
    facts.update(outcome="passed")


def _execute(
    body: Callable[..., Any],
    needs: Needs,
    suite: Suite,
    target: Target,
    case: dict[str, Any],
    facts: dict[str, Any],
) -> None:
    cls = type(suite)
    if "_warm" not in vars(cls):  # whatever a driver starts once per process is no leak of the first test
        watchdog(lambda: _work(_warm_up, Needs(), suite, target, {}, facts), cls.watchdog_seconds)
        cls._warm = True  # type: ignore[attr-defined]
    before = Snapshot()
    with recorded_warnings() as leaks:
        leaks += watchdog(lambda: _work(body, needs, suite, target, case, facts), cls.watchdog_seconds)
        allowed = [limit - kept for limit, kept in zip(_limits(cls), cls.leftovers, strict=True)]
        leaks += before.left(threads=allowed[0], descriptors=allowed[1])
        after = Snapshot()
    kept = len(after.threads - before.threads), len(after.descriptors - before.descriptors)
    cls.leftovers = (cls.leftovers[0] + kept[0], cls.leftovers[1] + kept[1])
    assert not leaks, "left behind after close(): " + "; ".join(leaks) + _LEAK_HINT


_LEAK_HINT = " (what a driver keeps for the whole process is declared as process_threads, process_descriptors)"


def _limits(cls: type[Suite]) -> tuple[int, int]:
    return cls.process_threads, cls.process_descriptors


def _warm_up(_: Suite, store: Any) -> Any:
    return store.setup()


def _work(
    body: Callable[..., Any],
    needs: Needs,
    suite: Suite,
    target: Target,
    case: dict[str, Any],
    facts: dict[str, Any],
) -> list[str]:
    harness = Harness(target)
    try:
        store = harness.open()
        facts["store"] = f"{type(store.raw).__module__}.{type(store.raw).__qualname__}"
        facts["async"] = store.is_async
        if needs.only is not None and store.is_async is not (needs.only == "async"):
            raise NotApplicable(f"only for {needs.only} stores")
        names = inspect.signature(body).parameters
        provided = {name: value for name, value in (("store", store), ("harness", harness)) if name in names}
        result = body(suite, **provided, **case)
        if inspect.iscoroutine(result):
            harness.run(result)
    except BaseException:
        _close_after_failure(harness)
        raise
    return [f"task {task}" for task in harness.finish()]


def _close_after_failure(harness: Harness) -> None:
    """Close the stores of a failed test; its failure is the one to report, also where closing fails as well."""
    try:
        harness.finish()
    except BaseException as error:
        print(f"closing after the failure failed too: {error!r}")


@contextmanager
def case(name: object) -> Generator[None]:
    """One of the cases that a clause tries one after the other on one store; a failure names it."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"case {name!a}: {error}") from error


def each(name: str, values: Mapping[str, Any]) -> Callable[[Body], Body]:
    """Parametrize a clause by named values; a deviation may name one case: ``"test_x[nul]"``.

    Each becomes a test with a place of its own, which costs some engines a second: for values that an engine may
    have its own troubles with. What is refused before the engine hears of it is tried by `case`, on one store.
    """
    return pytest.mark.parametrize(name, list(values.values()), ids=list(values))
