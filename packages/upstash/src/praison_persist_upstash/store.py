"""The blocking state store: which engine runs the commands."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.state_engines import CommandStates, EngineStateStore

from .options import UpstashStore
from .settings import Settings

__all__ = ["UpstashStateStore"]


class UpstashStateStore(UpstashStore, EngineStateStore):
    """Values and hashes in an Upstash Redis database. Options: `UpstashStore`."""

    backend = "upstash"

    def _assemble(self, settings: Settings, prefix: str, retry: RetryPolicy) -> None:
        from .engine import UpstashEngine  # a wrong option needs no client

        states = CommandStates(prefix)
        EngineStateStore.__init__(self, UpstashEngine(settings), states, backend=self.backend, retry=retry)
