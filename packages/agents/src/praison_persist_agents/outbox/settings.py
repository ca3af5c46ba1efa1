"""The options of a queue, checked. Knows no store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from praison_persist.errors import ConfigurationError, InvalidInputError
from praison_persist.validation import check_limit, check_positive

from .queue import Outbox

__all__ = ["QueueSettings"]


@dataclass(frozen=True, kw_only=True)
class QueueSettings:
    """How writes wait for a database that is away.

    Attributes:
        hook_timeout: seconds that one call waits for the database at most. A write that takes longer goes on in the
            background, in its order.
        queue_limit: most writes that wait in this process while the database is away; one more is a `QueueFullError`.
        fallback: ``"memory"``: no bound while the database is away; the conversation lives in this process's memory
            meanwhile, and what is left at the end of the program is lost. Never chosen by itself.
        retry_delay: seconds before the database is tried again, doubled each time.
        max_retry_delay: seconds, the longest such pause.
        close_timeout: seconds that `close` tries to write what waits.
        workers: sessions that are written side by side.

    Raises:
        ConfigurationError, InvalidInputError: a value out of range.
    """

    hook_timeout: float = 30.0
    queue_limit: int = 10_000
    fallback: Literal["memory"] | None = None
    retry_delay: float = 0.5
    max_retry_delay: float = 10.0
    close_timeout: float = 10.0
    workers: int = 8

    def __post_init__(self) -> None:
        for name in ("hook_timeout", "retry_delay", "max_retry_delay", "close_timeout"):
            check_positive(getattr(self, name), name)
        for name in ("queue_limit", "workers"):
            if not check_limit(getattr(self, name), name):
                raise InvalidInputError(f"{name} must be an integer of at least 1, got {getattr(self, name)!r}")
        if self.fallback not in (None, "memory"):
            raise ConfigurationError(f"fallback must be None or 'memory', not {self.fallback!r}")

    def outbox(self) -> Outbox:
        """A new queue with these options."""
        in_memory = self.fallback == "memory"
        return Outbox(
            limit=None if in_memory else self.queue_limit,
            retry_delay=self.retry_delay,
            max_delay=self.max_retry_delay,
            workers=self.workers,
            away_state="memory" if in_memory else "queueing",
        )
