"""Setting and getting a small mapping: singly, a hundred at once, and by 32 callers at once. Knows no engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from .measure import Clock, Make, Plan, Row, compare, compare_together

VALUE = {"step": 12, "name": "planner", "done": False, "scores": [0.5, 0.25], "note": None}
TARGET = 1.2
MANY = 100
CALLERS = 32

Act = Callable[..., Any]


@dataclass(frozen=True)
class Side:
    """One way to do it; each act takes what the contract's method of that name takes."""

    set: Act
    get: Act
    set_many: Act
    get_many: Act


def compare_sides(clock: Clock, raw: Side, ours: Side, plan: Plan) -> Iterator[Row]:
    """The rows of one client."""
    batch = {f"many:{number}": VALUE for number in range(MANY)}
    keys = list(batch)

    def both(act: Callable[[Side], Make]) -> tuple[Make, Make]:
        return act(raw), act(ours)

    def set_of(key: str) -> Callable[[Side], Make]:
        return lambda side: lambda: partial(side.set, key, VALUE)

    def get_of(key: str) -> Callable[[Side], Make]:
        return lambda side: lambda: partial(side.get, key)

    singles = {"set": set_of, "get": get_of}
    batches: dict[str, Callable[[Side], Make]] = {
        "set_many": lambda side: lambda: partial(side.set_many, batch),
        "get_many": lambda side: lambda: partial(side.get_many, keys),
    }
    for name, act in singles.items():
        yield compare(f"{clock.name} {name}", clock, *both(act("one")), plan, target=TARGET)
    for name, act in batches.items():
        yield compare(f"{clock.name} {name} of {MANY}", clock, *both(act), plan, target=TARGET, repeat=5)
    for name, act in singles.items():
        # Each has its own key: on one key, engines that compare versions would measure how they wait for each other.
        left, right = zip(*(both(act(f"one:{number}")) for number in range(CALLERS)), strict=True)
        together = f"{clock.name} {name}, {CALLERS} at once"
        yield compare_together(together, clock, left, right, plan, target=TARGET)
