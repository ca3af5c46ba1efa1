"""Requests to a service that are repeated: what is said of them when none of the attempts was answered."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from praison_persist.asking import ask
from praison_persist.errors import OperationTimeoutError, PersistError, UnavailableError
from praison_persist.steps import finish


class Remote(NamedTuple):
    """How the service is asked."""

    timeout: float = 10.0
    max_retries: int = 3
    retry_delay: float = 0.0


class Service:
    """Fails with the given errors, then answers."""

    remote = Remote()

    def __init__(self, *errors: PersistError) -> None:
        self.errors = list(errors)
        self.calls = 0

    def call(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    @contextmanager
    def guard(self, *, write: bool = False) -> Generator[None]:
        del write
        yield

    def pause(self, seconds: float, /) -> Any:
        assert seconds == 0.0

    def asked_to_wait(self, error: PersistError, /) -> float | None:
        del error
        return None


def unknown() -> UnavailableError:
    """A request that may have arrived."""
    error = UnavailableError("connection lost")
    error.ambiguous = True
    return error


def test_a_request_is_repeated_until_it_is_answered() -> None:
    service = Service(unknown(), UnavailableError("refused"))
    assert finish(ask(service, service.call, write=True)) == "done"
    assert service.calls == 3


def test_one_that_must_not_be_repeated_is_not_when_its_outcome_is_unknown() -> None:
    service = Service(UnavailableError("refused"), unknown())
    with pytest.raises(UnavailableError):
        finish(ask(service, service.call, write=True, once=True))
    assert service.calls == 2


@pytest.mark.parametrize("kind", [UnavailableError, OperationTimeoutError])
def test_what_one_attempt_left_unknown_stays_unknown_when_the_next_cannot_even_begin(
    kind: type[UnavailableError],
) -> None:
    service = Service(unknown(), *(kind("nobody there") for _ in range(3)))
    with pytest.raises(kind, match="nobody there") as caught:
        finish(ask(service, service.call, write=True))
    assert caught.value.ambiguous


def test_nothing_is_unknown_where_no_attempt_arrived() -> None:
    service = Service(*(UnavailableError("refused") for _ in range(4)))
    with pytest.raises(UnavailableError) as caught:
        finish(ask(service, service.call, write=True))
    assert not caught.value.ambiguous
