"""The options of the adapter itself, checked. Knows no store."""

from __future__ import annotations

from dataclasses import dataclass

from praison_persist.validation import check_limit, check_ttl

from ..outbox import QueueSettings

__all__ = ["AdapterSettings"]


@dataclass(frozen=True, kw_only=True)
class AdapterSettings(QueueSettings):
    """How an adapter waits, queues (see `QueueSettings`) and remembers.

    Attributes:
        history_limit: messages that a resumed session hands to the agent, the newest; None for all.
        run_ttl: seconds that runs and traces are kept in the state store; None for ever.

    Raises:
        ConfigurationError, InvalidInputError: a value out of range.
    """

    history_limit: int | None = 200
    run_ttl: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_limit(self.history_limit, "history_limit")
        check_ttl(self.run_ttl)
