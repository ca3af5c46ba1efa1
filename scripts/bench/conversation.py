"""The operations of a conversation store that are compared, whatever the database; sync and async alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from praison_persist import ConversationMessage

from .measure import Clock, Make, Plan, Row, compare, compare_together
from .messages import LARGE, LISTED, PAGE, SMALL, TAIL, message


class Access(Protocol):
    """A way to a database of one conversation; each method's value is awaited where the clock is asynchronous."""

    def append(self, session_id: str, message: ConversationMessage) -> Any:
        """Store one message durably."""
        ...

    def newest(self, session_id: str, limit: int | None) -> Any:
        """The newest messages in chronological order; all for None."""
        ...

    def sessions(self) -> Any:
        """The 100 sessions that were updated last."""
        ...


class Ours:
    """The store."""

    def __init__(self, store: Any) -> None:
        self.append = store.add_message
        self.newest = store.get_messages
        self.sessions = partial(store.list_sessions, limit=PAGE)


class Pair:
    """Raw driver and store on databases of one size.

    Args:
        raw, ours: the two ways; a raw one may also have ``append_alike``, with what the store promises: a message is
            stored once, in the order of its session, and only if there is one.
        names: the session of either side; with 32 more each, ``<name>-<number>``, for concurrency.
    """

    def __init__(self, raw: Any, ours: Access, names: tuple[str, str]) -> None:
        self.sides = (raw, ours)
        self.names = names

    def appends(self, number: int | None = None) -> list[Make]:
        """For either side, what prepares an append (of a concurrent session)."""
        return [_append(side, _name(name, number)) for side, name in zip(self.sides, self.names, strict=True)]

    def same_appends(self) -> list[Make]:
        """As `appends`, the raw side with the store's own statement: what remains is the store's part in Python."""
        raw, ours = self.sides
        return [lambda: partial(raw.append_alike, self.names[0], message()), _append(ours, self.names[1])]

    def reads(self, limit: int | None, number: int | None = None) -> list[Make]:
        """For either side, what prepares a read of the newest messages."""
        return [_read(side, _name(name, number), limit) for side, name in zip(self.sides, self.names, strict=True)]


def _name(name: str, number: int | None) -> str:
    return name if number is None else f"{name}-{number}"


def _append(side: Access, session_id: str) -> Make:
    return lambda: partial(side.append, session_id, message())


def _read(side: Access, session_id: str, limit: int | None) -> Make:
    return lambda: partial(side.newest, session_id, limit)


def rows(clock: Clock, small: Pair, large: Pair, plan: Plan, targets: Mapping[str, float]) -> Iterator[Row]:
    """Single calls at both sizes, and the growth from one to the other; reads come first, appends add messages."""
    for kind, tell in (("tail", f"newest {TAIL}"), ("append", "append")):
        pairs = [pair.reads(TAIL) if kind == "tail" else pair.appends() for pair in (small, large)]
        for size, (raw, ours) in zip((SMALL, LARGE), pairs, strict=True):
            yield compare(f"{clock.name}: {tell} at {size:,}", clock, raw, ours, plan, target=targets[kind])
        yield compare(
            f"{clock.name}: {tell}, growth {SMALL} to {LARGE:,}",
            clock,
            pairs[0][1],
            pairs[1][1],
            plan,
            target=targets["growth"],
        )
    if hasattr(large.sides[0], "append_alike"):
        raw, ours = large.same_appends()
        name = f"{clock.name}: append at {LARGE:,}, with one statement"
        yield compare(name, clock, raw, ours, plan, target=targets["append"])
    raw, ours = large.reads(None)
    yield compare(f"{clock.name}: all {LARGE:,}", clock, raw, ours, plan, target=targets.get("all"), repeat=2)


def listing(clock: Clock, raw: Access, ours: Access, plan: Plan, target: float | None) -> Row:
    """The newest 100 of 5,000 sessions."""
    return compare(
        f"{clock.name}: list {PAGE} of {LISTED:,} sessions",
        clock,
        lambda: raw.sessions,
        lambda: ours.sessions,
        plan,
        target=target,
        repeat=8,
    )


def storms(
    clock: Clock, pair: Pair, workers: Sequence[int], size: int, plan: Plan, targets: Mapping[str, float]
) -> Iterator[Row]:
    """As many sessions at once as there are workers, each with ``size`` messages; times per call."""
    for kind, tell in (("tail", f"newest {TAIL}"), ("append", "append")):
        sides = [pair.reads(TAIL, number) if kind == "tail" else pair.appends(number) for number in workers]
        raw, ours = [list(makes) for makes in zip(*sides, strict=True)]
        name = f"{clock.name}: {tell} at {size:,}, {len(workers)} at once"
        yield compare_together(name, clock, raw, ours, plan, target=targets[f"{kind} together"])
