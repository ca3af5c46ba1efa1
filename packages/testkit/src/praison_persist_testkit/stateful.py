"""How the suites run Hypothesis state machines: the same examples each time, few enough for slow servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    run_state_machine_as_test,  # pyright: ignore[reportUnknownVariableType] # where its typing extras differ
)

__all__ = ["run_machine"]


def run_machine(make: Callable[[], RuleBasedStateMachine]) -> None:
    """Run a machine on about 25 examples of about 20 steps; derandomised, so that a failure repeats everywhere."""
    run_state_machine_as_test(
        cast("type[RuleBasedStateMachine]", make),
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
        ),
    )
