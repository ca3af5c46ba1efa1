"""What an outbox tells about itself and its database, and which errors another attempt may mend. Keeps no state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from praison_persist.errors import PersistError, UnavailableError

__all__ = ["OutboxStatus", "QueueFullError", "State", "is_transient"]

State = Literal["idle", "ok", "queueing", "memory", "closed"]


class QueueFullError(UnavailableError):
    """The database is away and the queue has reached its bound: this message was *not* kept."""


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """How the adapter stands with its database.

    Attributes:
        state: ``"idle"`` nothing was asked yet; ``"ok"``; ``"queueing"`` the database is away, writes wait in this
            process; ``"memory"`` the same with ``fallback="memory"``; ``"closed"``.
        queued: writes that wait.
        oldest_age: seconds that the oldest of them has waited; 0.0 where none waits.
        last_error: what the database answered last, without secrets; None since it answers again.
        rejected: queued writes that the database refused for good when it was back (see the log), such as a session
            that another process gave other messages with these ids.
        dropped: writes that were accepted and given up: at `close` only, when its deadline passed.
    """

    state: State
    queued: int
    oldest_age: float
    last_error: str | None
    rejected: int
    dropped: int


def is_transient(error: Exception) -> bool:
    """Whether the same call may succeed later: a retryable error of ours, or what other stores raise for that."""
    if isinstance(error, PersistError):
        return error.retryable
    if isinstance(error, (PermissionError, FileNotFoundError, IsADirectoryError, NotADirectoryError)):
        return False
    names = {base.__name__ for base in type(error).__mro__}
    return isinstance(error, (OSError, TimeoutError)) or bool(
        names & {"OperationalError", "InterfaceError", "PoolError", "PoolTimeout"}
    )
