"""What operations ask of an engine that keeps one record for each key. Data only."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

__all__ = [
    "Condition",
    "Erase",
    "Load",
    "Names",
    "Page",
    "Pause",
    "Record",
    "Save",
    "SaveAll",
    "SaveMany",
    "Turn",
    "has_written",
    "is_write",
]


class Record(NamedTuple):
    """What the engine keeps for one key: a value or a hash.

    Attributes:
        value: JSON text; None for a hash.
        fields: JSON text by field; None for a value. A mapping that PraisonAI wrote has both: it may be used as either,
            and the next write decides.
        expires: seconds since the epoch, UTC; None: never. An engine that expires lazily gives expired records as well.
        token: random text of the write that made it, stored with it; None where PraisonAI wrote it.
        version: what the engine compares in a condition (a generation, an update time), when that is not the token.
    """

    value: str | None
    fields: dict[str, str] | None
    expires: float | None
    token: str | None
    version: Any = None


class Condition(Enum):
    """When a record may be saved, where no known record is to be replaced."""

    ABSENT = "there is no record, not even an expired one"
    NO_HASH = "there is no record, an expired one, or one that holds a value"


class Load(NamedTuple):
    """The records of these names that there are: ``dict[str, Record]``."""

    names: tuple[str, ...]


class Save(NamedTuple):
    """Store the record if the condition holds; whether it did: ``bool``.

    With a `Record` as ``expect``: only if exactly that one is still there.
    """

    name: str
    record: Record
    expect: Record | Condition


class SaveMany(NamedTuple):
    """Store each record unless a live hash is in its way; the names of those refused: ``list[str]``."""

    records: dict[str, Record]


class SaveAll(NamedTuple):
    """Store each record whose own condition holds, as in `Save`: the new versions of those that were, by name.

    An engine may take all or none of some records, where one condition fails.
    """

    records: dict[str, tuple[Record, Record | Condition]]


class Erase(NamedTuple):
    """Delete the record, only if it is exactly ``expect`` where that is given; the deleted one: ``Record | None``."""

    name: str
    expect: Record | None = None


class Names(NamedTuple):
    """The next names that start with this text, in the engine's order: `Page`.

    ``after`` is None to begin, then what the page before gave as ``more``.
    """

    prefix: str
    after: Any = None


class Page(NamedTuple):
    """Names with their expiry (as in `Record`), and how to go on: None at the end."""

    names: list[tuple[str, float | None]]
    more: Any


class Turn(NamedTuple):
    """Wait until no other caller of this store has the record's turn, but not longer than so many seconds: ``bool``.

    If it came, it is kept until the operation ends. As for `Pause`, the store does it, not the engine.
    """

    name: str
    seconds: float


class Pause(NamedTuple):
    """Wait; the store does it, not the engine."""

    seconds: float


def is_write(request: Any) -> bool:
    """Whether the request may change something; a request of another module says so by its ``writes``."""
    return isinstance(request, (Save, SaveAll, SaveMany, Erase)) or getattr(request, "writes", False) is True


def has_written(request: Any, reply: Any) -> bool:
    """Whether the request may have changed something, by what it was answered; `SaveMany` answers what was refused."""
    return is_write(request) and (bool(reply) or isinstance(request, SaveMany))
