"""The retry policy, sync and async, without a wall clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from praison_persist.errors import ConflictError, InvalidInputError, OperationTimeoutError, UnavailableError
from praison_persist.retry import NO_RETRY, RetryPolicy


class Flaky:
    """Fails with the given errors, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    async def awaited(self) -> str:
        return self()


def unknown() -> UnavailableError:
    """An attempt that may have taken effect."""
    error = UnavailableError("connection lost")
    error.ambiguous = True
    return error


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """One suite for both ways to call."""

    def sync(policy: RetryPolicy, flaky: Flaky, **options: Any) -> Any:
        return policy.call(flaky, **options)

    def awaiting(policy: RetryPolicy, flaky: Flaky, **options: Any) -> Any:
        return asyncio.run(policy.acall(flaky.awaited, **options))

    return sync if request.param == "sync" else awaiting


def quick(**changes: Any) -> RetryPolicy:
    return RetryPolicy(**{"retry_delay": 0.0, **changes})


def test_a_retryable_error_is_followed_by_another_attempt(run: Callable[..., Any]) -> None:
    flaky = Flaky(UnavailableError("down"), UnavailableError("down"))
    assert run(quick(), flaky) == "done"
    assert flaky.calls == 3


def test_the_last_error_is_raised_unchanged(run: Callable[..., Any]) -> None:
    errors = [UnavailableError(str(number)) for number in range(3)]
    flaky = Flaky(*errors)
    with pytest.raises(UnavailableError) as caught:
        run(quick(max_retries=2), flaky)
    assert caught.value is errors[-1]
    assert flaky.calls == 3


@pytest.mark.parametrize("error", [ConflictError("no"), InvalidInputError("no"), KeyError("not ours")])
def test_other_errors_are_not_repeated(run: Callable[..., Any], error: Exception) -> None:
    flaky = Flaky(error)
    with pytest.raises(type(error)) as caught:
        run(quick(), flaky)
    assert caught.value is error
    assert flaky.calls == 1


def test_an_operation_that_is_not_idempotent_is_not_repeated_when_its_outcome_is_unknown(
    run: Callable[..., Any],
) -> None:
    flaky = Flaky(unknown())
    with pytest.raises(UnavailableError):
        run(quick(), flaky, idempotent=False)
    assert flaky.calls == 1


@pytest.mark.parametrize("kind", [UnavailableError, OperationTimeoutError])
def test_what_one_attempt_left_unknown_stays_unknown_when_the_next_cannot_even_begin(
    run: Callable[..., Any], kind: type[UnavailableError]
) -> None:
    last = kind("nobody there")
    with pytest.raises(UnavailableError) as caught:
        run(quick(max_retries=1), Flaky(unknown(), last))
    assert caught.value is last
    assert last.ambiguous


def test_what_an_attempt_found_out_after_one_that_left_it_unknown_is_known(run: Callable[..., Any]) -> None:
    with pytest.raises(ConflictError) as caught:
        run(quick(), Flaky(unknown(), ConflictError("no")))
    assert not caught.value.ambiguous


def test_a_passed_deadline_is_not_repeated(run: Callable[..., Any]) -> None:
    flaky = Flaky(OperationTimeoutError("no answer"))
    with pytest.raises(OperationTimeoutError):
        run(quick(), flaky)
    assert flaky.calls == 1


def test_an_operation_that_is_not_idempotent_is_repeated_when_nothing_happened(run: Callable[..., Any]) -> None:
    assert run(quick(), Flaky(UnavailableError("refused")), idempotent=False) == "done"


def test_no_retry_means_one_attempt(run: Callable[..., Any]) -> None:
    flaky = Flaky(UnavailableError("down"))
    with pytest.raises(UnavailableError):
        run(NO_RETRY, flaky)
    assert flaky.calls == 1


def test_no_pause_ends_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 109.0, 111.0])
    monkeypatch.setattr(time, "monotonic", lambda now=time.monotonic: next(clock, None) or now())
    flaky = Flaky(*(UnavailableError("down") for _ in range(5)))
    with pytest.raises(UnavailableError):
        RetryPolicy(max_retries=5, retry_delay=0.0, deadline=10.0).call(flaky)
    assert flaky.calls == 2


def test_pauses_are_random_within_a_ceiling_that_doubles_up_to_the_longest() -> None:
    policy = RetryPolicy(max_retries=6, retry_delay=1.0, max_delay=10.0)
    many = [list(policy.delays()) for _ in range(300)]
    ceilings = [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    for column, ceiling in zip(zip(*many, strict=True), ceilings, strict=True):
        assert 0.0 <= min(column) < 0.2 * ceiling
        assert 0.8 * ceiling < max(column) <= ceiling


def test_a_policy_without_retries_has_no_pauses() -> None:
    assert list(NO_RETRY.delays()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_retries": -1},
        {"max_retries": None},
        {"max_retries": 1.5},
        {"retry_delay": -0.1},
        {"retry_delay": float("nan")},
        {"max_delay": 0},
        {"deadline": 0},
    ],
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        RetryPolicy(**wrong)
