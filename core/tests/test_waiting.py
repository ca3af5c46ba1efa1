"""Waiting looks again until it sees, and gives up in time."""

from __future__ import annotations

import time

import pytest

from praison_persist.errors import OperationTimeoutError
from praison_persist.steps import Steps, finish
from praison_persist.waiting import until


def test_it_looks_again_after_growing_pauses_until_it_sees() -> None:
    pauses: list[float] = []
    answers = iter([False] * 15 + [True])

    def seen() -> Steps[bool]:
        return (yield next(answers))

    finish(until(pauses.append, seen, 60, "nothing"))
    assert len(pauses) == 15
    assert pauses == sorted(pauses)
    assert pauses[0] < 0.1
    assert pauses[-1] == 2.0


def test_what_is_seen_at_once_costs_no_pause() -> None:
    def seen() -> Steps[bool]:
        return (yield True)

    finish(until(pytest.fail, seen, 1, "nothing"))


def test_what_is_not_seen_in_time_is_told() -> None:
    def seen() -> Steps[bool]:
        return (yield False)

    began = time.monotonic()
    with pytest.raises(OperationTimeoutError, match=r"the index is not ready after 0\.2 s"):
        finish(until(time.sleep, seen, 0.2, "the index is not ready"))
    assert time.monotonic() - began < 2
