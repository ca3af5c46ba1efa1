"""Paired measurement: two ways to do one thing, in turn, and the median of their ratios. Knows no database."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Protocol

# Read by NumPy when it loads: threads of BLAS would wait for each other on the one processor of `compare`.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

Call = Callable[[], Any]
Make = Callable[[], Call]
"""Prepares one call (a new message, say), which is not timed, and returns what is."""


@dataclass(frozen=True)
class Plan:
    """How much to measure.

    Attributes:
        rounds: rounds of a pair, at least 9.
        repeat: calls of either side in one round.
    """

    rounds: int = 15
    repeat: int = 30


@dataclass(frozen=True)
class Row:
    """One line of the report.

    Attributes:
        operation: what was done, and how often.
        raw, ours: medians, in seconds, or in ``unit``.
        ratio: ours to raw; None for counts.
        target: the largest ratio (or count) that was aimed at; None for rows that only inform.
        unit: ``"s"``, or what is counted.
    """

    operation: str
    raw: float
    ours: float
    ratio: float | None
    target: float | None
    unit: str = "s"

    @property
    def ok(self) -> bool | None:
        """Whether the target was reached, None without one."""
        value = self.ours if self.ratio is None else self.ratio
        return None if self.target is None else value <= self.target


class Clock(Protocol):
    """How calls are made and timed."""

    name: str

    def once(self, call: Call) -> float:
        """Seconds of one call."""
        ...

    def together(self, workers: Sequence[Sequence[Call]]) -> float:
        """Seconds until every worker has made its calls, one after the other, at the same time as the others."""
        ...


class Blocking:
    """Plain calls; threads."""

    name = "sync"

    def once(self, call: Call) -> float:
        began = time.perf_counter()
        call()
        return time.perf_counter() - began

    def together(self, workers: Sequence[Sequence[Call]]) -> float:
        barrier = threading.Barrier(len(workers) + 1)
        failures: list[BaseException] = []

        def work(calls: Sequence[Call]) -> None:
            barrier.wait()
            try:
                for call in calls:
                    call()
            except BaseException as failure:  # raised again below, in the thread that measures
                failures.append(failure)

        threads = [threading.Thread(target=work, args=(calls,)) for calls in workers]
        for thread in threads:
            thread.start()
        barrier.wait()
        began = time.perf_counter()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - began
        if failures:
            raise failures[0]
        return seconds


class Looped:
    """Coroutines on one event loop; tasks. Starting and stopping the loop is not timed."""

    name = "async"

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def run(self, call: Call) -> Any:
        """The result of a coroutine function, not timed."""
        return self._loop.run_until_complete(call())

    def once(self, call: Call) -> float:
        async def timed() -> float:
            began = time.perf_counter()
            await call()
            return time.perf_counter() - began

        return self._loop.run_until_complete(timed())

    def together(self, workers: Sequence[Sequence[Call]]) -> float:
        async def work(calls: Sequence[Call]) -> None:
            for call in calls:
                await call()

        async def timed() -> float:
            began = time.perf_counter()
            await asyncio.gather(*map(work, workers))
            return time.perf_counter() - began

        return self._loop.run_until_complete(timed())

    def close(self) -> None:
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


def compare(
    operation: str, clock: Clock, raw: Make, ours: Make, plan: Plan, *, target: float | None, repeat: int | None = None
) -> Row:
    """Single calls, in turn, on one processor: where the system puts an idle thread would weigh more than the code.

    Args:
        repeat: calls of either side in a round, where the plan's number would be too many.
    """

    def one_round(swap: bool) -> tuple[float, float]:
        times: tuple[list[float], list[float]] = ([], [])
        for number in range(plan.repeat if repeat is None else repeat):
            for side in (0, 1) if (number % 2 == 0) is swap else (1, 0):
                call = (raw, ours)[side]()
                times[side].append(clock.once(call))
        return median(times[0]), median(times[1])

    with _one_processor():
        for make in (raw, ours) * 8:  # drivers prepare a statement after some executions
            clock.once(make())
        return _row(operation, one_round, plan, target)


def compare_together(
    operation: str,
    clock: Clock,
    raw: Sequence[Make],
    ours: Sequence[Make],
    plan: Plan,
    *,
    target: float | None,
    repeat: int = 4,
) -> Row:
    """Many workers at once, one side after the other; the times are per call."""

    def storm(makes: Sequence[Make]) -> float:
        workers = [[make() for _ in range(repeat)] for make in makes]
        return clock.together(workers) / (len(makes) * repeat)

    def one_round(swap: bool) -> tuple[float, float]:
        if swap:
            return storm(raw), storm(ours)
        last = storm(ours)
        return storm(raw), last

    one_round(True)
    return _row(operation, one_round, plan, target)


def _row(operation: str, one_round: Callable[[bool], tuple[float, float]], plan: Plan, target: float | None) -> Row:
    with _without_collector():
        rounds = [one_round(number % 2 == 0) for number in range(max(9, plan.rounds))]
    ratio = median(ours / raw for raw, ours in rounds)
    return Row(operation, median(raw for raw, _ in rounds), median(ours for _, ours in rounds), ratio, target)


@contextmanager
def _without_collector() -> Iterator[None]:
    """A collection of garbage would land on one side by chance."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _one_processor() -> Iterator[None]:
    """Keep the threads of this process on one processor, where the system can; servers are not concerned."""
    if sys.platform != "linux":
        yield
        return
    allowed = os.sched_getaffinity(0)
    _pin({max(allowed)})
    try:
        yield
    finally:
        _pin(allowed)


def _pin(processors: set[int]) -> None:
    for thread in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.sched_setaffinity(int(thread.name), processors)
