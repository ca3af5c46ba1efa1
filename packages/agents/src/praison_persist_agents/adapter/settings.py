"""The options of the adapter itself, checked. Knows no store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from praison_persist.errors import ConfigurationError, InvalidInputError
from praison_persist.validation import check_limit, check_positive, check_ttl

__all__ = ["AdapterSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSettings:
    """How an adapter waits, queues and remembers.

    Attributes:
        history_limit: messages that a resumed session hands to the agent, the newest; None for all.
        hook_timeout: seconds that one hook waits for the database at most. A write that takes longer goes on in the
            background, in its order.
        queue_limit: most writes that wait in this process while the database is away; one more is a `QueueFullError`.
        fallback: ``"memory"``: no bound while the database is away; the conversation lives in this process's memory
            meanwhile, and what is left at the end of the program is lost. Never chosen by itself.
        retry_delay: seconds before the database is tried again, doubled each time.
        max_retry_delay: seconds, the longest such pause.
        close_timeout: seconds that `close` tries to write what waits.
        workers: sessions that are written side by side.
        run_ttl: seconds that runs and traces are kept in the state store; None for ever.

    Raises:
        ConfigurationError, InvalidInputError: a value out of range.
    """

    history_limit: int | None = 200
    hook_timeout: float = 30.0
    queue_limit: int = 10_000
    fallback: Literal["memory"] | None = None
    retry_delay: float = 0.5
    max_retry_delay: float = 10.0
    close_timeout: float = 10.0
    workers: int = 8
    run_ttl: float | None = None

    def __post_init__(self) -> None:
        check_limit(self.history_limit, "history_limit")
        for name in ("hook_timeout", "retry_delay", "max_retry_delay", "close_timeout"):
            check_positive(getattr(self, name), name)
        for name in ("queue_limit", "workers"):
            if not check_limit(getattr(self, name), name):
                raise InvalidInputError(f"{name} must be an integer of at least 1, got {getattr(self, name)!r}")
        if self.fallback not in (None, "memory"):
            raise ConfigurationError(f"fallback must be None or 'memory', not {self.fallback!r}")
        check_ttl(self.run_ttl)
