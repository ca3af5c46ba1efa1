"""A session as rows of a conversation: messages, and among them small events that say everything else. Pure: no I/O.

Two writers never have to wait for each other: an event changes single fields, a batch with an event and messages is
there whole or not at all, and the order of rows decides. Now and then a checkpoint sums up the events before it. This
needs what the conversation contract promises: rows keep their order, and a row appears before those that are added
after its call returned.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from praison_persist.conversation import ConversationMessage
from praison_persist.jsontext import same_json

from .records import SessionMessage

__all__ = ["MARK", "Change", "Log", "changes", "event_row", "from_row", "is_event", "new_id", "read_log", "to_row"]

MARK = "praison_persist_session"
"""The metadata key of events and checkpoints."""

_FOLD_AFTER = 48
_MISSING = object()


def new_id() -> str:
    """A row id that nobody else chooses; a retry of the same row repeats it."""
    return str(uuid.uuid4())


def to_row(message: SessionMessage) -> ConversationMessage:
    """The row of a message, which has an id."""
    return ConversationMessage(
        message.id,
        role=message.role,
        content=message.content,
        tool_calls=message.tool_calls,
        tool_call_id=message.tool_call_id,
        metadata=message.metadata,
        created_at=message.timestamp,
    )


def from_row(row: ConversationMessage) -> SessionMessage:
    """The message of a row."""
    return SessionMessage(
        row.role, row.content, row.created_at, row.metadata or {}, row.tool_calls, row.tool_call_id, row.id
    )


@dataclass(slots=True)
class Change:
    """What an event says: fields to set and to remove, by path."""

    set: list[tuple[list[str], Any]] = field(default_factory=list)
    unset: list[list[str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.set or self.unset)

    def apply(self, state: dict[str, Any]) -> None:
        """Change a state in place."""
        for path, value in self.set:
            _inside(state, path)[path[-1]] = value
        for path in self.unset:
            _inside(state, path).pop(path[-1], None)


def _inside(state: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    for name in path[:-1]:
        below = state.get(name)
        if not isinstance(below, dict):
            below = state[name] = {}
        state = below
    return state


def changes(before: Mapping[str, Any], after: Mapping[str, Any], path: tuple[str, ...] = ()) -> Change:
    """What makes one mapping the other, field by field, so that others' changes of other fields stay."""
    change = Change()
    for name, value in after.items():
        old = before.get(name, _MISSING)
        here = (*path, name)
        if isinstance(value, dict) and (isinstance(old, dict) or (old is _MISSING and value)):
            below = changes({} if old is _MISSING else old, value, here)
            change.set += below.set
            change.unset += below.unset
        elif old is _MISSING or not same_json(old, value):
            change.set.append((list(here), value))
    change.unset += [[*path, name] for name in before if name not in after]
    return change


def event_row(id_: str, change: Change, created_at: float) -> ConversationMessage:
    """The row of an event."""
    return _mark(id_, {"set": [[path, value] for path, value in change.set], "unset": change.unset}, created_at)


def _mark(id_: str, body: dict[str, Any], created_at: float) -> ConversationMessage:
    return ConversationMessage(id_, role="system", content="", metadata={MARK: body}, created_at=created_at)


def is_event(row: ConversationMessage) -> bool:
    """Whether a row is an event or a checkpoint and no message."""
    return bool(row.metadata) and MARK in (row.metadata or {})


@dataclass(slots=True)
class Log:
    """What the newest rows of a session say.

    Attributes:
        state: what events set. ``fields``: the session's; ``snapshots`` by id; ``summary``: the message that stands
            for the archive; ``archived_to``: the last archived row; ``archive_after``, ``window_after``: the events
            that everything before was removed by; ``dropped``: single rows that were removed; ``purge``: the rows
            before ``archive_after`` may not have been deleted yet.
        window: the active messages.
        older: the archived messages among the rows that were read.
        depth: how many of the newest rows it takes to say this.
        leftover: messages that were removed and not deleted yet.
        events: ids of the events and checkpoints among the rows.
        reach: how many of the newest rows follow the last checkpoint's place.
        covered: how many events there have been.
    """

    state: dict[str, Any]
    window: list[SessionMessage]
    older: list[SessionMessage]
    depth: int
    leftover: list[str]
    events: list[str]
    reach: int
    covered: int

    def checkpoint(self, far: int, created_at: float) -> ConversationMessage | None:
        """A row that sums the events up, when there are many of them or they reach back too far."""
        if not self.events or (len(self.events) < _FOLD_AFTER and self.reach <= far):
            return None
        body = {"state": self.state, "covers": self.events[-1], "events": self.covered}
        return _mark(new_id(), body, created_at)

    def summed_up(self) -> list[str]:
        """The rows that the checkpoint makes superfluous. Those that mark a place stay."""
        places = (self.events[-1], self.state.get("archive_after"), self.state.get("window_after"))
        return [id_ for id_ in self.events if id_ not in places]


def read_log(rows: Sequence[ConversationMessage], *, complete: bool) -> Log | None:
    """The session that rows describe; None when older rows are needed to tell.

    Args:
        rows: the newest ones, oldest first.
        complete: there are no older ones.
    """
    places = {row.id: place for place, row in enumerate(rows)}
    events = [(place, row.id, (row.metadata or {})[MARK]) for place, row in enumerate(rows) if is_event(row)]
    state: dict[str, Any] = {}
    covered, start = 0, -1
    checkpoints = [body for _, _, body in events if "state" in body]
    if checkpoints:
        best = max(checkpoints, key=lambda body: body["events"])
        state, covered, start = _copy(best["state"]), best["events"], places.get(best["covers"], -1)
    if start < 0 and not complete:
        return None
    for place, _, body in events:
        if "state" not in body and place > start:
            Change([(path, value) for path, value in body["set"]], body["unset"]).apply(state)
            covered += 1

    def place_of(name: str) -> int:
        return places.get(str(state.get(name)), -1)

    archive_from, archive_to, window_from = place_of("archive_after"), place_of("archived_to"), place_of("window_after")
    begin = max(archive_to, window_from)
    known = archive_to >= 0 if state.get("archived_to") else window_from >= 0
    if not known and not complete:
        return None
    dropped = state.get("dropped") or {}
    window, older, leftover = [], [], []
    for place, row in enumerate(rows):
        if is_event(row):
            continue
        if row.id in dropped or place <= archive_from or archive_to < place <= begin:
            leftover.append(row.id)
        else:
            (window if place > begin else older).append(from_row(row))
    return Log(
        state,
        window,
        older,
        depth=len(rows) - max(0, min(start, begin)),
        leftover=leftover,
        events=[id_ for _, id_, _ in events],
        reach=len(rows) - max(0, start),
        covered=covered,
    )


def _copy(state: dict[str, Any]) -> dict[str, Any]:
    return {name: _copy(value) if isinstance(value, dict) else value for name, value in state.items()}
