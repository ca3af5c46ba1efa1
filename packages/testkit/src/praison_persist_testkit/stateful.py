"""How the suites run Hypothesis state machines: the same examples each time, few enough for slow servers."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import cast

from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    run_state_machine_as_test,  # pyright: ignore[reportUnknownVariableType] # where its typing extras differ
)

__all__ = ["examples", "run_machine"]


def examples(usual: int) -> int:
    """How many examples Hypothesis tries: the usual number, or with ``PRAISON_PERSIST_FULL=1`` eight times as many."""
    return usual * (8 if os.environ.get("PRAISON_PERSIST_FULL") == "1" else 1)


def run_machine(make: Callable[[], RuleBasedStateMachine]) -> None:
    """Run a machine on about 12 examples of about 20 steps; derandomised, so that a failure repeats everywhere."""
    run_state_machine_as_test(
        cast("type[RuleBasedStateMachine]", make),
        settings=settings(
            max_examples=examples(12),
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
        ),
    )
