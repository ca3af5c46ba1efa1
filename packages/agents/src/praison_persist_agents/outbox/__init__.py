"""Writes that outlive an outage of their database: a queue, how callers wait for it, what it tells. Exports only."""

from __future__ import annotations

from .jobs import QUEUED, settle
from .queue import Outbox
from .settings import QueueSettings
from .status import OutboxStatus, QueueFullError, is_transient
from .waiting import Posted, both, wait

__all__ = [
    "QUEUED",
    "Outbox",
    "OutboxStatus",
    "Posted",
    "QueueFullError",
    "QueueSettings",
    "both",
    "is_transient",
    "settle",
    "wait",
]
